/** All studies, live. */

/** The page. */
export function StudiesPage() {
  return <h1>Studies</h1>;
}
