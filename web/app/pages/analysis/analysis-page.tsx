/** What the trials of a study say together. */

/** The page. */
export function AnalysisPage({ study }: { readonly study: string }) {
  return <h1>Analysis of {study}</h1>;
}
