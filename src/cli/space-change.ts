/** A study's space changed, here or at a service: what that came to, in words. */
import type { ParameterSetting } from "../app/next-space.js";
import type { SpaceChange } from "../app/change-space.js";
import { earlierInWords } from "../app/views/earlier-in-words.js";
import type { StudyHeader } from "../core/index.js";
import { formatDistribution } from "../search-space/index.js";
import { conditionInWords } from "../search-space/conditions.js";
import { printNote } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { printData } from "./render.js";
import { storageArgument } from "./study-ref.js";
import { typedProgram } from "./typed-program.js";

/** `log:1e-05..0.1`, `fixed at 0.1`, `not there`. */
function settingInWords(setting: ParameterSetting): string {
  if (setting === null) return "not there";
  if ("fixed" in setting) return `fixed at ${[setting.fixed].flat().join("+")}`;
  const { when } = setting.searched;
  return `${formatDistribution(setting.searched)}${when ? ` when ${conditionInWords(when)}` : ""}`;
}

/** The parameters that changed, a line each, and what becomes of the trials so far. */
export function changeInWords({ changes, earlier }: SpaceChange): string[] {
  const parameters = changes.map(
    ({ name, before, after }) => `  ${name}: ${settingInWords(before)} -> ${settingInWords(after)}`,
  );
  return [...parameters, ...earlierInWords(earlier)];
}

/** A study whose space can be changed: here, or at a service. */
export interface ChangeableSpace {
  /** What would change; null: nothing. */
  readonly plan: () => Promise<SpaceChange | null>;
  readonly change: () => Promise<{
    readonly header: Pick<StudyHeader, "name" | "seed" | "space">;
    readonly file: string;
    readonly change: SpaceChange | null;
    readonly warnings: readonly string[];
    /** Says which sampler is asked. */
    readonly saySampler?: () => Promise<void>;
  }>;
}

/** Has a study that is there search another space, or says what would change. */
export async function changeSpace(
  io: CliIo,
  format: OutputFormat,
  { dryRun = false, directory }: { readonly dryRun?: boolean; readonly directory: string },
  space: ChangeableSpace,
): Promise<void> {
  const same = "the study searches this already: nothing changed";
  if (dryRun) {
    const change = await space.plan();
    const table = (): string => (change ? changeInWords(change).join("\n") : same);
    await printData(io, format, { space_change: change }, { table });
    if (format === "table") printNote(io.stderr, "dry run: nothing was changed");
    return;
  }
  const { header, file, change, warnings, saySampler: say } = await space.change();
  const { name, seed } = header;
  await printData(
    io,
    format,
    { study: name, file, seed, created: false, config: null, warnings, space_change: change },
    {
      table: () => {
        if (!change) return same;
        const head = `changed the space of ${name}: ${file} (${Object.keys(header.space).length} searched)`;
        return [head, ...changeInWords(change)].join("\n");
      },
      value: () => name,
    },
  );
  if (format !== "table" || !change) return;
  await say?.();
  printNote(io.stdout, `next: ${typedProgram()} optimize ${name}${storageArgument(directory)} --trials 100`);
}
