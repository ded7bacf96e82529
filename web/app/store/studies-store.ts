/** The list of studies, live. */
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, messageOf } from "../api/client.js";
import type { ListChanges, StudyEntry, StudyList } from "../api/types.js";
import { oneAtATime } from "../live/catch-up.js";
import { watch } from "../live/live.js";
import { session } from "../session.js";
import { withChanges } from "./list-changes.js";
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
