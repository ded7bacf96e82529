/** One study, live: its entry, its trials in columns and the curves of those that run, shared by all of a page's parts. */
import { batch, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { api, ApiProblem, messageOf } from "../api/client.js";
import type { ReportList, ReportRow, StudyChanges, StudyDetail, StudyEntry } from "../api/types.js";
import { oneAtATime } from "../live/catch-up.js";
import { watch } from "../live/live.js";
import type { FromHub } from "../live/protocol.js";
import { pathOf } from "../paths.js";
import { session } from "../session.js";
import type { ColumnsStore } from "./columns-store.js";
import { withReports } from "./live-curves.js";
import type { LiveCurve } from "./live-curves.js";
import { openColumns } from "./worker-columns.js";

/** How a page's data is kept up to date at the moment. */
export type Connection = "connecting" | "live" | "down";

/** A study, as pages see it. */
export interface StudyStore {
  readonly name: string;
  /** The path of its resource in the interface. */
  readonly path: string;
  /** Null before it is there. */
  readonly entry: ReadonlySignal<StudyEntry | null>;
  /** The entry with space and settings; as new as {@link entry} in what both have only when it was fetched. */
  readonly detail: ReadonlySignal<StudyDetail | null>;
  /** Why it is not shown: unknown, deleted, damaged. */
  readonly problem: ReadonlySignal<ApiProblem | null>;
  readonly connection: ReadonlySignal<Connection>;
  readonly columns: ColumnsStore;
  /** Of running trials, by number. */
  readonly curves: ReadonlySignal<ReadonlyMap<number, LiveCurve>>;
  /** Hears of each report; returns what ends it. */
  onReports(listener: (reports: readonly ReportRow[]) => void): () => void;
  /** Fetches what changed now, without waiting for the stream: after an action of the reader's. */
  refresh(): Promise<void>;
}

interface Opened extends StudyStore {
  /** Watches and fetches again what was refused meanwhile; null: nothing was. */
  resume(): Promise<void> | null;
  close(): void;
}

/** How soon it is looked whether there is another study of the name of one that was deleted, and how seldom at last. */
const FIRST_LOOK_MS = 500;
const MOST_LOOK_MS = 8_000;

function open(name: string): Opened {
  const path = pathOf("studies", name);
  const [entry, detail] = [signal<StudyEntry | null>(null), signal<StudyDetail | null>(null)];
  const [problem, connection] = [signal<ApiProblem | null>(null), signal<Connection>("connecting")];
  const curves = signal<ReadonlyMap<number, LiveCurve>>(new Map());
  const columns = openColumns(name);
  const reportListeners = new Set<(reports: readonly ReportRow[]) => void>();
  /** Frames that came while columns were fetched. */
  let held: StudyChanges[] | null = [];
  /** Why the stream does not come back by itself: the study was deleted, or the session ended. */
  let refused: "gone" | "denied" | null = null;
  let isClosed = false;
  let lookAgain: ReturnType<typeof setTimeout> | undefined;

  const apply = (changes: StudyChanges): void => {
    columns.apply(changes);
    if (changes.study) entry.value = changes.study;
    const { rows, reports } = changes;
    if (reports.length > 0) for (const listener of reportListeners) listener(reports);
    const over = rows.number.filter((number, at) => rows.state[at] !== 1 && curves.peek().has(number));
    if (reports.length === 0 && over.length === 0) return;
    const grown = new Map(withReports(curves.peek(), reports));
    for (const number of over) grown.delete(number);
    curves.value = grown;
  };

  const fetchCurves = async (): Promise<void> => {
    const { reports } = await api.get<ReportList>(`${path}/reports`, {
      query: { state: "running" },
    });
    curves.value = new Map(reports.map((curve) => [curve.number, curve]));
  };

  // Shown before the trials are there: of a large study they take longer.
  const fetchDetail = async (): Promise<void> => {
    const study = await api.get<StudyDetail>(path);
    batch(() => {
      detail.value = study;
      entry.value = study;
    });
  };

  /** What fails hides nothing of the rest. */
  const refresh = oneAtATime(async () => {
    if (isClosed) return;
    held ??= [];
    const found = await Promise.allSettled([fetchDetail(), columns.refresh(), fetchCurves()]);
    if (isClosed) return;
    const failed = found.find(({ status }) => status === "rejected");
    const error: unknown = failed?.status === "rejected" ? failed.reason : null;
    if (error === null) problem.value = null;
    else problem.value = error instanceof ApiProblem ? error : new ApiProblem(messageOf(error), "failed", 0);
    const waiting = held;
    held = null;
    waiting.forEach(apply);
  });

  /** A study that is there again after it was deleted is another one: nothing of the old one counts. */
  const startAnew = (): void => {
    if (refused === "gone") {
      columns.restart();
      batch(() => {
        [entry.value, detail.value, problem.value] = [null, null, null];
        curves.value = new Map();
      });
      if (held) held = [];
    }
    refused = null;
  };

  const heard = (message: FromHub): void => {
    if (message.type === "changes") {
      if (held) held.push(message.changes);
      else apply(message.changes);
    } else if (message.type === "hello" || message.type === "reset") {
      startAnew();
      connection.value = "live";
      void refresh();
    } else if (message.type === "down") connection.value = "down";
    else if (message.type === "denied") {
      refused ??= "denied";
      session.value = "out";
    } else if (message.type === "gone") {
      refused = "gone";
      connection.value = "down";
      problem.value = new ApiProblem(`study "${name}" is not there any more`, message.code, 404);
      lookForAnother(FIRST_LOOK_MS);
    }
  };

  /** One that is made under the name is shown to who looks at the page; the list's stream may be another page's. */
  const lookForAnother = (afterMs: number): void => {
    clearTimeout(lookAgain);
    lookAgain = setTimeout(() => {
      if (refused !== "gone" || isClosed) return;
      api.get<StudyDetail>(path).then(
        () => void resume(),
        () => lookForAnother(Math.min(2 * afterMs, MOST_LOOK_MS)),
      );
    }, afterMs);
  };

  let unwatch = watch(`study:${name}`, heard);
  const resume = (): Promise<void> | null => {
    if (refused === null || isClosed) return null;
    startAnew();
    connection.value = "connecting";
    unwatch();
    unwatch = watch(`study:${name}`, heard);
    return refresh();
  };
  // Not behind the stream's greeting: what is there is shown at once.
  void refresh();
  return {
    ...{ name, path, entry, detail, problem, connection, columns, curves, resume },
    refresh: () => resume() ?? refresh(),
    onReports(listener) {
      reportListeners.add(listener);
      return () => reportListeners.delete(listener);
    },
    close() {
      isClosed = true;
      clearTimeout(lookAgain);
      unwatch();
      columns.close();
    },
  };
}

const opened = new Map<string, { store: Opened; users: number; closing: ReturnType<typeof setTimeout> | undefined }>();
/** A study stays open for a while, so that the next page has it at once. */
const KEPT_MS = 20_000;

/** Opens a study, or joins those who have it open; to be given back with {@link releaseStudy}. */
export function openStudy(name: string): StudyStore {
  const known = opened.get(name) ?? { store: open(name), users: 0, closing: undefined };
  clearTimeout(known.closing);
  void known.store.resume();
  known.users++;
  opened.set(name, known);
  return known.store;
}

/** Gives a study back. */
export function releaseStudy(name: string): void {
  const known = opened.get(name);
  if (!known) return;
  known.users--;
  if (known.users > 0) return;
  known.closing = setTimeout(() => {
    if (known.users > 0) return;
    opened.delete(name);
    known.store.close();
  }, KEPT_MS);
}

/** A study for as long as a component stands. */
export function useStudy(name: string): StudyStore {
  const store = useMemo(() => {
    const found = openStudy(name);
    // Counted by the effect below; until that runs it is only kept.
    releaseStudy(name);
    return found;
  }, [name]);
  useEffect(() => {
    openStudy(name);
    return () => releaseStudy(name);
  }, [name]);
  return store;
}
