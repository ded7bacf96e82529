/** Numbers in a chart: on its axes, at the ends of its scales, in its tooltips. */

function inDigits(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-3 && magnitude < 1e6)) return String(Number(value.toPrecision(digits)));
  return value.toExponential(digits - 1).replace(/\.?0*e\+?/, "e");
}

/** `0.01`, `1e-5`, `1500`: rounding in the arithmetic of axes is not seen. */
export const tickText = (value: number): string => inDigits(value, 6);

/** A number for a scale's end: shorter than `shortNumber` of core, which people compare by. */
export const scaleText = (value: number): string => inDigits(value, 4);

/** A value as a tooltip has it: what is no number stays as it is. */
export const valueText = (value: unknown): unknown => (typeof value === "number" ? inDigits(value, 6) : value);
