/** Where the reader is: the page's path and its query, which hold all that makes a view. */
import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { basePath, pathOf } from "./paths.js";

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

/** The paths of pages. */
export const paths = {
  studies: "/",
  study: (name: string): string => pathOf("studies", name),
  trials: (name: string): string => pathOf("studies", name, "trials"),
  trial: (name: string, number: number): string => pathOf("studies", name, "trials", number),
  analysis: (name: string): string => pathOf("studies", name, "analysis"),
  compare: (...names: readonly string[]): string =>
    `/compare${names.length === 0 ? "" : `?${new URLSearchParams(names.map((name) => ["study", name]))}`}`,
  workers: "/workers",
  newStudy: "/new",
} as const;

/** A page, and what its path names. */
export type Page =
  | { readonly page: "studies" | "compare" | "workers" | "new" | "nowhere" }
  | { readonly page: "study" | "trials" | "analysis"; readonly study: string }
  | { readonly page: "trial"; readonly study: string; readonly number: number };

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The page that a path stands for. */
export function pageOf(target: string): Page {
  const parts = target
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  const [first, study, below, number, ...rest] = parts;
  if (first === undefined) return { page: "studies" };
  if (parts.length === 1 && (first === "compare" || first === "workers" || first === "new")) return { page: first };
  if (first !== "studies" || typeof study !== "string" || rest.length > 0) return { page: "nowhere" };
  if (below === undefined) return { page: "study", study };
  if (number === undefined)
    return below === "trials" || below === "analysis" ? { page: below, study } : { page: "nowhere" };
  return below === "trials" && /^\d{1,9}$/.test(number ?? "")
    ? { page: "trial", study, number: Number(number) }
    : { page: "nowhere" };
}
