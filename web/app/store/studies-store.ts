/** The list of studies, live. */
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, messageOf } from "../api/client.js";
import type { ListChanges, StudyEntry, StudyList } from "../api/types.js";
import { oneAtATime } from "../live/catch-up.js";
import { watch } from "../live/live.js";
import { session } from "../session.js";
import type { Connection } from "./study-store.js";

/** A study that cannot be read. */
export type UnreadStudy = StudyList["unread"][number];

const entriesNow = signal<ReadonlyMap<string, StudyEntry> | null>(null);
const unreadNow = signal<readonly UnreadStudy[]>([]);
const problemNow = signal<string | null>(null);
const connectionNow = signal<Connection>("connecting");

/** By name; null before the list is there. */
export const studies: ReadonlySignal<ReadonlyMap<string, StudyEntry> | null> = entriesNow;
/** Those that can't be read, and why. */
export const unreadStudies: ReadonlySignal<readonly UnreadStudy[]> = unreadNow;
/** Why there is no list. */
export const listProblem: ReadonlySignal<string | null> = problemNow;
/** How the list is kept up to date. */
export const listConnection: ReadonlySignal<Connection> = connectionNow;

let held: ListChanges[] | null = null;

/** The list after a change. */
export function withChanges(
  entries: ReadonlyMap<string, StudyEntry>,
  { entries: changed, removed }: ListChanges,
): ReadonlyMap<string, StudyEntry> {
  const after = new Map(entries);
  for (const name of removed) after.delete(name);
  for (const entry of changed) {
    const known = after.get(entry.name);
    // An answer that was under way longer than a frame is older.
    if (known && known.created_at === entry.created_at && known.revision > entry.revision) continue;
    after.set(entry.name, entry);
  }
  return after;
}

/** Fetches the list anew. */
export const refreshStudies = oneAtATime(async () => {
  held ??= [];
  try {
    const list = await api.get<StudyList>("/studies");
    entriesNow.value = new Map(list.studies.map((entry) => [entry.name, entry]));
    unreadNow.value = list.unread;
    problemNow.value = null;
  } catch (error) {
    problemNow.value = messageOf(error);
  }
  const waiting = held;
  held = null;
  for (const changes of waiting) entriesNow.value = withChanges(entriesNow.peek() ?? new Map(), changes);
});

function start(): () => void {
  void refreshStudies();
  return watch("studies", (message) => {
    if (message.type === "studies") {
      if (held) held.push(message.changes);
      else entriesNow.value = withChanges(entriesNow.peek() ?? new Map(), message.changes);
    } else if (message.type === "hello" || message.type === "reset") {
      connectionNow.value = "live";
      void refreshStudies();
    } else if (message.type === "denied") session.value = "out";
    else connectionNow.value = "down";
  });
}

let users = 0;
let stop: (() => void) | null = null;

/** Keeps the list live for as long as a component stands. */
export function useStudies(): void {
  useEffect(() => {
    users++;
    stop ??= start();
    return () => {
      users--;
      if (users > 0) return;
      stop?.();
      stop = null;
    };
  }, []);
}
