/** Where the reader is: the page's path and its query, which hold all that makes a view. */
import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { basePath } from "./paths.js";
import { pageOf } from "./places.js";

export { pageOf, paths } from "./places.js";
export type { Page } from "./places.js";

/** A place in the dashboard. */
export interface Place {
  /** Below the root, with its first slash. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const readPlace = (): Place => ({
  path: `/${location.pathname.slice(basePath.length)}`.replace(/(.)\/+$/, "$1"),
  query: new URLSearchParams(location.search),
});

const current = signal<Place>(readPlace());

/** The present place. */
export const place: ReadonlySignal<Place> = current;
/** The path of the present place. */
export const path: ReadonlySignal<string> = computed(() => current.value.path);

addEventListener("popstate", () => {
  current.value = readPlace();
});

/** The URL of a place below the root. */
export const hrefOf = (target: string): string => `${basePath}${target.replace(/^\//, "")}`;

/** Where a plot's title begins with a word, and not with a metric's name. */
const WORD = /^(?:distribution|forecast|history|hypervolume|importance|parts|predicted|rank|timeline)\b/;

/** A plot's title on the page of the study that it names: without that name. */
export function titleHere(title: string): string {
  const here = pageOf(current.value.path);
  if (!("study" in here) || !title.startsWith(`${here.study}: `)) return title;
  return title
    .slice(here.study.length + 2)
    .replace(WORD, (word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
}

/** Goes to a place: `/studies/demo?where=…`. */
export function navigate(target: string, { replace = false } = {}): void {
  const url = hrefOf(target);
  if (url === `${location.pathname}${location.search}`) return;
  const before = current.value.path;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  current.value = readPlace();
  if (current.value.path !== before) scrollTo(0, 0);
}

/** Changes some of the query, in place; null takes a key away, a list repeats it. */
export function setQuery(changes: Readonly<Record<string, string | readonly string[] | null>>): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    query.delete(key);
    if (value !== null) for (const one of [value].flat()) query.append(key, one);
  }
  const text = query.toString();
  navigate(`${current.value.path}${text === "" ? "" : `?${text}`}`, { replace: true });
}

/** One key of the query; null where it is absent. */
export const queryValue = (key: string): string | null => current.value.query.get(key);
