/** What is fetched again when something changed: one request at a time, and not more often than is worth it. */
import { useEffect, useRef, useState } from "preact/hooks";

/** What there is at the moment. The last answer stays while a newer one is under way, or failed. */
export interface Fresh<T> {
  readonly data: T | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly refetch: () => void;
}

/** How it is fetched. */
export interface FreshOptions {
  /** The least time between two fetches for changes, in milliseconds. @default 1000 */
  readonly everyMs?: number | undefined;
  /** @default true */
  readonly enabled?: boolean | undefined;
}

/**
 * @param fetchIt asks; called again when `subject` differs (what was shown is thrown away) or `version` does (it stays)
 */
export function useFresh<T>(
  fetchIt: (signal: AbortSignal) => Promise<T>,
  subject: string,
  version: string | number | null = null,
  { everyMs = 1000, enabled = true }: FreshOptions = {},
): Fresh<T> {
  const [state, setState] = useState<{ subject: string; data: T | null; error: unknown; isLoading: boolean }>({
    ...{ subject, data: null, error: null, isLoading: true },
  });
  const latest = useRef(fetchIt);
  latest.current = fetchIt;
  const control = useRef({ wanted: (): void => {}, again: (): void => {} });

  useEffect(() => {
    if (!enabled) return undefined;
    const over = new AbortController();
    let [isUnderWay, isWanted, last] = [false, false, -Infinity];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      [isUnderWay, isWanted, last] = [true, false, performance.now()];
      try {
        const data = await latest.current(over.signal);
        if (!over.signal.aborted) setState({ subject, data, error: null, isLoading: false });
      } catch (error) {
        if (!over.signal.aborted)
          setState((before) => ({
            ...{ subject, error, isLoading: false },
            data: before.subject === subject ? before.data : null,
          }));
      }
      isUnderWay = false;
      if (isWanted) wanted();
    };
    const wanted = (): void => {
      isWanted = true;
      if (isUnderWay || over.signal.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), Math.max(0, last + everyMs - performance.now()));
    };
    const again = (): void => {
      last = -Infinity;
      wanted();
    };
    control.current = { wanted, again };
    wanted();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [subject, enabled, everyMs]);
  useEffect(() => control.current.wanted(), [version]);

  const isOld = state.subject !== subject;
  return {
    data: isOld ? null : state.data,
    error: isOld ? null : state.error,
    isLoading: isOld || state.isLoading,
    refetch: () => control.current.again(),
  };
}
