/** What stands in the place of importances while the trials are too few to say anything. */

/** As `importances_available` of the service has it. */
export const LEAST_TRIALS = 4;

/** The frame of a plot to come. */
export function TooFewTrials() {
  return (
    <figure class="panel chart waiting">
      <h3>Importances</h3>
      <p class="muted">From {LEAST_TRIALS} complete trials on.</p>
    </figure>
  );
}
