/** Numbers and times as people read them. */

/**
 * A number with as many significant digits as people compare, without zeros at its end: `0.01235`, `1.2e-5`.
 * @param isPower written as a power of ten whatever its size, as the others of its column are
 */
export function shortNumber(value: number | null | undefined, digits = 4, isPower = false): string {
  if (value === null || value === undefined) return "-";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || (Number.isInteger(value) && !isPower)) return String(value);
  const magnitude = Math.abs(value);
  if (!isPower && magnitude >= 1e-4 && magnitude < 1e6) return String(Number(value.toPrecision(digits)));
  return value.toExponential(digits - 1).replace(/\.?0*e/, "e");
}

/** `1:02:03`, `2:03`, `4.5 s`, `12 ms`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-";
  if (seconds > 0 && seconds < 0.0995) return `${seconds < 0.001 ? "< 1" : Math.round(1000 * seconds)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const s = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  return s < 3600
    ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** `2026-01-02 03:04 UTC`: a stored time (ISO 8601, UTC) to the minute. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}
