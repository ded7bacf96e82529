/** The trials of a study as a table. */

/** The page. */
export function TrialsPage({ study }: { readonly study: string }) {
  return <h1>Trials of {study}</h1>;
}
