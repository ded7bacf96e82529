/** One study, live. */

/** The page. */
export function StudyPage({ study }: { readonly study: string }) {
  return <h1>{study}</h1>;
}
