/** The filter in the page's URL: one for all plots and the table, so that a link shows what its sender saw. */
import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { navigate, place } from "../router.js";
import { filterFromQuery, filterIntoQuery, isFilterKey } from "./filter.js";
import type { TrialFilter } from "./filter.js";

/** A filter that is being drawn with the pointer: it counts, but the URL waits for the end of it. */
const draft = signal<TrialFilter | null>(null);

/** The filter of the page. */
export const filterHere: ReadonlySignal<TrialFilter> = computed(
  () => draft.value ?? filterFromQuery(place.value.query),
);

/** Changes the filter for as long as a gesture lasts; {@link setFilter} ends it. */
export function draftFilter(filter: TrialFilter | null): void {
  draft.value = filter;
}

/** Changes the filter, in the URL. */
export function setFilter(filter: TrialFilter): void {
  const { path, query } = place.peek();
  const changed = new URLSearchParams(query);
  filterIntoQuery(filter, changed);
  const text = changed.toString();
  navigate(`${path}${text === "" ? "" : `?${text}`}`, { replace: true });
  draft.value = null;
}

/** The keys of a query that are the filter's: what goes along to the study's other pages. */
export const filterKeys = (query: URLSearchParams): string[] => [...new Set(query.keys())].filter(isFilterKey);
