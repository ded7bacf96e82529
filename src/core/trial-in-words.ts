/** What is worth saying of a trial in a line: why it was pruned or failed, which constraints it misses, what people noted. */
import { oneLine } from "./errors.js";
import { shortNumber } from "./numbers-in-words.js";
import type { Annotation } from "./study.js";
import type { Trial } from "./trial.js";

/** `infeasible: parameters<=50000 by 1234`; nothing of a trial that meets its constraints, or has not come to its end. */
export function infeasibility(trial: Trial): string {
  if (trial.state !== "complete") return "";
  const missed = Object.entries(trial.constraints).filter(([, value]) => !(value <= 0));
  if (missed.length === 0) return "";
  const inWords = missed.map(
    ([name, value]) => `${name} ${Number.isNaN(value) ? "unknown" : `by ${shortNumber(value)}`}`,
  );
  return `infeasible: ${inWords.join(", ")}`;
}

/** What is worth saying of a trial on one line: why it was pruned or failed, which constraints it misses. */
export function trialNote(trial: Trial): string {
  if (trial.failure) {
    const { class: failed, message } = trial.failure;
    // Said once: "diverged in epoch 3: …".
    return oneLine(message.startsWith(`${failed} `) ? message : `${failed}: ${message}`);
  }
  if (trial.prune_reason) return oneLine(trial.prune_reason);
  return infeasibility(trial) || (trial.retry_of === null ? "" : `repeats ${trial.retry_of}`);
}

/** `banned [lab 3] unplugged`: what people say about a trial, in a line. */
export function annotationInWords({ note: text, tags, banned }: Annotation): string {
  const words = [...(banned ? ["banned"] : []), ...tags.map((tag) => `[${tag}]`), ...(text === "" ? [] : [text])];
  return words.join(" ").replaceAll(/\s+/g, " ");
}
