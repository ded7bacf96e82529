/** One request at a time for what is lacking, and whatever is announced meanwhile is one more behind it. */

/**
 * Calls `fetch` now, or once more after the call under way; resolves when nothing is announced any more. What fails is
 * told only where nothing comes behind it.
 */
export function oneAtATime(fetchMissing: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        try {
          await fetchMissing();
        } catch (error) {
          // `again` may have been set while it was under way.
          if (!(again as boolean)) throw error;
        }
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
