/** One request at a time for what is lacking, and whatever is announced meanwhile is one more behind it. */

/** Calls `fetch` now, or once more after the call under way; resolves when nothing is announced any more. */
export function oneAtATime(fetchMissing: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        await fetchMissing();
      } while (again);
    } finally {
      underWay = null;
    }
  };
  return () => {
    if (underWay) again = true;
    return (underWay ??= run());
  };
}
