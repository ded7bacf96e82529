/** What has become of a study's earlier trials after its space was changed, in words. */
import type { EarlierTrials } from "./space-history.js";

/** `4 by train.lr, 2 by model.hidden_size`, most first. */
function countsInWords(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${count} by ${name}`).join(", ");
}

/** What becomes of the trials so far, a sentence a line: how many fit, how many are left out, which wait outside. */
export function earlierInWords(earlier: EarlierTrials): string[] {
  const { fit, left_out, completed_by, left_out_by, waiting_outside: waiting } = earlier;
  const all = fit + left_out;
  if (all === 0 && waiting.length === 0) return ["no trial has run in an earlier space"];
  const completed = Object.keys(completed_by);
  const told = completed.length > 0 ? ` (told by what was fixed when they ran: ${countsInWords(completed_by)})` : "";
  const lines = [`${fit} of ${all} earlier trials fit the space and inform the sampler${told}`];
  if (left_out > 0) lines.push(`${left_out} are kept and left out of the search: ${countsInWords(left_out_by)}`);
  if (waiting.length > 0)
    lines.push(
      `waiting outside of the space: ${waiting.join(", ")}; they run as they are, and \`trial stop N\` cancels one`,
    );
  return lines;
}
