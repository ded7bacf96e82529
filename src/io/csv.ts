/** CSV text (RFC 4180) from values. */
import { stringify } from "csv-stringify/sync";

/** One line with its newline; a value is quoted only where it must be, a missing one is an empty field. */
export function csvLine(values: readonly (string | number | null | undefined)[]): string {
  return stringify([values]);
}
