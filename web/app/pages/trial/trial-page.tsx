/** One trial. */

/** The page. */
export function TrialPage({ study, number }: { readonly study: string; readonly number: number }) {
  return (
    <h1>
      Trial {number} of {study}
    </h1>
  );
}
