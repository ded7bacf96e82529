/** What tabs and the one keeper of streams say to each other. */
import type { ListChanges, StudyChanges } from "../api/types.js";

/** What can be watched: the list of studies, or one study. */
export type Topic = "studies" | `study:${string}`;

/** From a tab. */
export type ToHub =
  | { readonly type: "watch"; readonly topic: Topic }
  | { readonly type: "unwatch"; readonly topic: Topic }
  /** Sent when it changes, and while visible every {@link BEAT_MS}: of a tab that crashed nothing else tells. */
  | { readonly type: "visible"; readonly visible: boolean }
  | { readonly type: "bye" };

/** To a tab. After `hello` and `reset` a tab fetches what it lacks; what `changes` has goes beyond that. */
export type FromHub =
  | { readonly type: "hello" | "reset"; readonly topic: Topic }
  | { readonly type: "changes"; readonly topic: Topic; readonly changes: StudyChanges }
  | { readonly type: "studies"; readonly topic: Topic; readonly changes: ListChanges }
  /** The study was deleted, or cannot be read. */
  | { readonly type: "gone"; readonly topic: Topic; readonly code: string }
  /** The stream is interrupted; `hello` comes when it is back. */
  | { readonly type: "down"; readonly topic: Topic }
  /** The service wants a token. */
  | { readonly type: "denied"; readonly topic: Topic };

/** How often a visible tab says that it is there. */
export const BEAT_MS = 15_000;
