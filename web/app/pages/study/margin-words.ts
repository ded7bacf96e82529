/** How far a running trial is from being pruned, in words. */
import { wireNumber } from "../../api/numbers.js";
import type { Margin } from "../../api/types.js";
import { shortNumber } from "../../words.js";

/** `safe by 0.012`, `0.003 beyond: to be pruned`; the reason where there is no threshold. */
export function marginWords({ margin, reason }: Margin): string {
  const by = wireNumber(margin);
  if (by === null || Number.isNaN(by)) return reason;
  return by >= 0 ? `safe by ${shortNumber(by, 3)}` : `${shortNumber(-by, 3)} beyond the threshold`;
}

/** From 0 (at the threshold or beyond) to 1 (as far from it as the threshold itself is from 0), for a bar; null: none. */
export function marginShare({ margin, threshold }: Margin): number | null {
  const [by, at] = [wireNumber(margin), wireNumber(threshold)];
  if (by === null || at === null || !Number.isFinite(by) || !Number.isFinite(at)) return null;
  if (by <= 0) return 0;
  return Math.min(1, by / Math.max(Math.abs(at), Number.MIN_VALUE));
}
