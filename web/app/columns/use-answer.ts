/** Answers of the columns' thread in components: asked again when the question or the study changes, one at a time. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { StudyStore } from "../store/study-store.js";
import { askColumns } from "./columns-client.js";
import type { ColumnAnswers, ColumnQuestion, ColumnRequests } from "./protocol.js";

/** What is answered, where that is something new. */
type Answer<K extends ColumnQuestion> = NonNullable<ColumnAnswers[K]>;

/** An answer, as far as it is there. */
export interface Answered<A> {
  /** The latest one, which may be to the question before; null before the first. */
  readonly answer: A | null;
  readonly error: unknown;
  /** What is shown is not yet what was asked. */
  readonly pending: boolean;
}

/** What stands after an answer: the same object where nothing is new, which draws nothing. */
export function answered<A>(
  before: Answered<A>,
  { answer = null, error = null, pending }: { answer?: A | null; error?: unknown; pending: boolean },
): Answered<A> {
  const now = { answer: answer ?? before.answer, error, pending };
  const isSame = now.answer === before.answer && now.error === before.error && now.pending === before.pending;
  return isSame ? before : now;
}

/** Of an answer that has one the name: who answers need not do so again. */
const idOf = (answer: object | null): { readonly known?: string } =>
  answer !== null && "id" in answer && typeof answer.id === "string" ? { known: answer.id } : {};

/** Changes of the study are asked after no more often than this, and take no more than a quarter of the thread's time. */
const PAUSE_MS = 250;
const SHARE = 4;

interface Asking {
  key: string;
  request: object | null;
  answer: object | null;
  isUnderWay: boolean;
  again: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  ended: number;
  took: number;
  gone: boolean;
}

/**
 * Asks, and keeps the answer up to date.
 * @param request null: nothing is asked yet
 * @param revision of what it is asked about; null: not there yet
 * @param pauseMs the least time between an answer and the next question for a change
 */
export function useAnswer<K extends ColumnQuestion>(
  ask: K,
  request: ColumnRequests[K] | null,
  revision: number | string | null,
  pauseMs = PAUSE_MS,
): Answered<Answer<K>> {
  const [state, setState] = useState<Answered<Answer<K>>>({ answer: null, error: null, pending: true });
  const asking = useRef<Asking>({
    key: "",
    request: null,
    answer: null,
    isUnderWay: false,
    again: false,
    timer: undefined,
    ended: 0,
    took: 0,
    gone: false,
  });
  const key = request === null || revision === null ? "" : JSON.stringify(request);

  const go = (): void => {
    const now = asking.current;
    clearTimeout(now.timer);
    if (now.gone || now.request === null) return;
    now.isUnderWay = true;
    now.again = false;
    const [started, asked] = [performance.now(), now.key];
    const done = (result: { answer?: ColumnAnswers[K]; error?: unknown }): void => {
      now.isUnderWay = false;
      now.ended = performance.now();
      now.took = now.ended - started;
      if (now.gone) return;
      const answer = result.answer ?? now.answer;
      now.answer = answer;
      setState((before) =>
        answered(before, { ...result, answer: answer as Answer<K> | null, pending: now.key !== asked }),
      );
      if (now.again) later(now.key !== asked);
    };
    askColumns(ask, { ...now.request, ...idOf(now.answer) } as unknown as ColumnRequests[K]).then(
      (answer) => done({ answer }),
      (error: unknown) => done({ error }),
    );
  };
  const later = (isNew: boolean): void => {
    const now = asking.current;
    if (now.isUnderWay) {
      now.again = true;
      return;
    }
    clearTimeout(now.timer);
    const due = isNew ? 0 : now.ended + Math.max(pauseMs, SHARE * now.took) - performance.now();
    if (due <= 0) go();
    else now.timer = setTimeout(go, due);
  };
  useEffect(() => {
    const now = asking.current;
    const isNew = now.key !== key;
    now.key = key;
    now.request = key === "" ? null : request;
    if (key === "") return;
    if (isNew) setState((before) => (before.pending ? before : { ...before, pending: true }));
    later(isNew);
  }, [key, revision]);
  useEffect(() => {
    asking.current.gone = false;
    return () => {
      asking.current.gone = true;
      clearTimeout(asking.current.timer);
    };
  }, []);
  return state;
}

/** {@link useAnswer} about one study, kept up to date with it. */
export function useStudyAnswer<K extends ColumnQuestion>(
  store: StudyStore,
  ask: K,
  request: Omit<ColumnRequests[K], "study"> | null,
  pauseMs = PAUSE_MS,
): Answered<Answer<K>> {
  const whole = request === null ? null : ({ ...request, study: store.name } as unknown as ColumnRequests[K]);
  return useAnswer(ask, whole, store.columns.revision.value, pauseMs);
}
