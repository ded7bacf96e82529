/** Studies beside each other. */

/** The page. */
export function ComparePage() {
  return <h1>Compare</h1>;
}
