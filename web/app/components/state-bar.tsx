/** Trials by state, as a bar with the numbers beside. */
import type { Counts } from "../api/types.js";
import { countWords, trialsOf } from "../words.js";

const order = ["complete", "pruned", "failed", "running", "waiting"] as const;

/** The bar; states are told apart by their patterns, too. `goal`: how many there are to be. */
export function StateBar({ counts, goal }: { readonly counts: Counts; readonly goal?: number | null | undefined }) {
  const all = trialsOf(counts);
  const whole = Math.max(all, goal ?? 0, 1);
  const words = order.filter((state) => counts[state] > 0).map((state) => `${countWords(counts[state])} ${state}`);
  const text = words.length === 0 ? "no trials yet" : words.join(", ");
  return (
    <div class="state-bar">
      <div class="bar" aria-hidden="true">
        {order.map(
          (state) =>
            counts[state] > 0 && (
              <span key={state} class={`fill ${state}`} style={{ width: `${(100 * counts[state]) / whole}%` }} />
            ),
        )}
      </div>
      <span class="bar-words">{text}</span>
    </div>
  );
}
