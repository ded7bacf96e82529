/** Makes a study. */

/** The page. */
export function NewStudyPage() {
  return <h1>New study</h1>;
}
