/** The error for a file that is no readable MATLAB file. */
import { UsageError } from "../../core/errors.js";

/** Why a MAT-file is not read. */
export type MatErrorCode =
  /** Ends before what it declares. */
  | "mat-truncated"
  /** Contradicts the format. */
  | "mat-malformed"
  /** Another format or version, or a class that is not read. */
  | "mat-unsupported"
  /** Needs more memory than the limit. */
  | "mat-too-large";

/** A place in a file. */
export interface MatPlace {
  readonly file: string;
  /** Byte offset in the file. */
  readonly offset: number;
  /** Byte offset in the inflated data, when `offset` is that of a compressed element. */
  readonly inflatedOffset: number | null;
}

/** A file that is not what a MATLAB v5 reader can read; says which file, what and where. */
export class MatFormatError extends UsageError implements MatPlace {
  declare readonly code: MatErrorCode;
  readonly file: string;
  readonly offset: number;
  readonly inflatedOffset: number | null;

  constructor(code: MatErrorCode, place: MatPlace, what: string, options: { cause?: unknown } = {}) {
    const inside = place.inflatedOffset === null ? "" : `, inflated byte ${place.inflatedOffset}`;
    super(code, `${place.file}: ${what} (at byte ${place.offset}${inside})`, options);
    this.name = "MatFormatError";
    this.file = place.file;
    this.offset = place.offset;
    this.inflatedOffset = place.inflatedOffset;
  }
}
