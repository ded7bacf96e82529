/** Who may decide which of the files that a request names are opened. */
import type { ConfigValue } from "../core/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import type { DerivedSpace } from "../search-space/index.js";

/** A file, or a program, that a request names. */
export type NamedFile =
  | {
      readonly field: string;
      readonly path: string | URL;
      /** What the request calls it, where that is not its path. */
      readonly given?: string;
    }
  | {
      readonly field: "command";
      readonly words: readonly string[];
      readonly shell: boolean;
      readonly cwd: string;
    };

/**
 * Refuses what a request may not have opened or run: asked before it is.
 * @throws UsageError `not-allowed`.
 */
export type MayOpen = (named: readonly NamedFile[]) => Promise<void>;

/** The paths among a study's parameters that are not the parameters' own defaults, searched ones included. */
export function namedPaths(
  { fixed, space }: DerivedSpace,
  parameters: readonly QualifiedParameter[],
): readonly NamedFile[] {
  return parameters.flatMap(({ qualified, info }): NamedFile[] => {
    if (!info.meta.path) return [];
    const searched = space[qualified];
    const values: readonly ConfigValue[] = [
      ...(Object.hasOwn(fixed, qualified) ? [fixed[qualified] as ConfigValue] : []),
      ...(searched?.type === "categorical" ? (searched.choices as readonly ConfigValue[]) : []),
    ];
    return values.flatMap((value) =>
      typeof value === "string" && value !== info.default ? [{ field: qualified, path: value }] : [],
    );
  });
}
