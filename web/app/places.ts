/** The places of the dashboard: which path stands for which page. */
import { pathOf } from "./paths.js";

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
