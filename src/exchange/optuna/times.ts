/** Moments as Optuna writes them, to the microsecond, and as records keep them. */

/** ISO 8601 with an optional zone: date and time to the second, fraction, zone. */
const moment = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d(?::?\d\d)?)?$/;

/**
 * A record's moment (`2026-03-01T10:00:00.250Z`) as Optuna takes it: `2026-03-01T10:00:00.250000+00:00`. Pythons before
 * 3.11 read no `Z`, and fractions of three or six digits only.
 */
export function pythonTime(time: string): string {
  const [, seconds, fraction = "", zone = "Z"] = moment.exec(time) ?? [];
  if (seconds === undefined) return time;
  return `${seconds}.${fraction.padEnd(6, "0").slice(0, 6)}${zone === "Z" ? "+00:00" : zone}`;
}

/**
 * Optuna's moment in UTC, with its microseconds where it has any. One without a zone, as Optuna wrote before version
 * 4, is local time, as Optuna takes it. Null for what is no moment.
 */
export function timeFromPython(text: unknown): string | null {
  const [, seconds, fraction = "", zone = ""] = (typeof text === "string" && moment.exec(text)) || [];
  if (seconds === undefined) return null;
  const date = new Date(`${seconds.replace(" ", "T")}${zone}`);
  if (Number.isNaN(date.getTime())) return null;
  const digits = fraction.padEnd(6, "0").slice(0, 6);
  return `${date.toISOString().slice(0, 19)}.${digits.endsWith("000") ? digits.slice(0, 3) : digits}Z`;
}

/** The seconds between two moments of records, to the microsecond. */
export function secondsBetween(start: string | null, end: string | null): number | null {
  if (start === null || end === null) return null;
  const micro = (time: string): number => {
    const digits = (moment.exec(time)?.[2] ?? "").padEnd(6, "0").slice(0, 6);
    return Date.parse(`${time.slice(0, 19)}Z`) * 1000 + Number(digits);
  };
  return (micro(end) - micro(start)) / 1e6;
}
