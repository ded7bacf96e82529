/** One step from a version of the study file to the next. */

export type Raw = Readonly<Record<string, unknown>>;

/** Turns what version `from` wrote into what version `from + 1` writes; each part may be left out. */
export interface Migration {
  readonly from: number;
  header?(raw: Raw): Raw;
  trial?(raw: Raw): Raw;
  event?(raw: Raw): Raw;
  /** The way back for what came from version `from`, so that such a study can be kept whole in its old form. */
  readonly lower?: { header?(raw: Raw): Raw; trial?(raw: Raw): Raw };
}
