/** `mlbench-hpo replay`: whether a trial's numbers come out again. */
import type { CommandDefinition } from "../command.js";
import { withInterrupt } from "../interrupt.js";
import { parseFormat, printNote } from "../io.js";
import { printData } from "../render.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, addTrialArgument, resolveStudy, trialArgument } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

/** `mlbench-hpo replay N`: train trial N again from its record; exit code 1 when the numbers differ. */
export const replayCommand: CommandDefinition = (program, { io, setExitCode }) => {
  addTrialArgument(addStudyOptions(program.command("replay"), { positional: false }))
    .description("rerun a trial from its record and compare every number")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (words: string[], options: StudyOptions & { format: string }) => {
      const format = parseFormat(options.format);
      const { study, number } = trialArgument("replay", words);
      const ref = await resolveStudy(options, study);
      const [{ replayTrial }, { epochLine }] = await Promise.all([
        import("../../app/replay.js"),
        import("../train-view.js"),
      ]);
      let epochs = 0;
      const result = await withInterrupt((signal) =>
        replayTrial(ref, number, {
          signal,
          onStart: (trial) => {
            epochs = trial.intermediate.length;
          },
          onEpoch: (event) => {
            if (format === "table") printNote(io.stderr, epochLine(event, epochs));
          },
        }),
      );
      const { same, difference, reports, backend, recorded_backend: recorded } = result;
      const steps = backend === null ? `${reports.length} steps` : `${reports.length} epochs, ${backend}`;
      const where = backend === null ? "" : ` (recorded on ${recorded}, now ${backend})`;
      await printData(io, format, result, {
        table: () =>
          same
            ? `trial ${number}: the same numbers, bit for bit (${steps})`
            : `trial ${number} differs: ${difference}${where}`,
      });
      if (!result.same) setExitCode(1);
    });
};
