/** `mlbench-hpo doctor`: damage found in a study's files, and mended. */
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote } from "../io.js";
import { printData } from "../render.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, resolveStudy, storageArgument } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { typedProgram } from "../typed-program.js";
import type { RepairReport, StorageFinding } from "../../storage/storage.js";

function findingLine(finding: StorageFinding): string {
  const place = [finding.file, finding.line === null ? null : `line ${finding.line}`].filter((part) => part !== null);
  return `${finding.severity.padEnd(8)}${place.join(", ")}: ${finding.message}`;
}

/** `lost: 2 lines, 1 trial (failed now), 3 trials unsure (kept as they read)` */
function lostLine({ lines, trials, unsure }: NonNullable<RepairReport["lost"]>): string {
  const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  const parts = [some(lines, "line"), `${some(trials.length, "trial")} (failed now)`];
  return `lost: ${[...parts, `${some(unsure.length, "trial")} unsure (kept as they read)`].join(", ")}`;
}

/** `mlbench-hpo doctor STUDY [--repair]`: exit code 0 when the study is whole (or mended), 1 when it is damaged. */
export const doctorCommand: CommandDefinition = (program, { io, setExitCode }) => {
  addStudyOptions(program.command("doctor"), { positional: true })
    .description("check a study's files for damage; --repair repairs them without losing an intact record")
    .option("--repair", "repair what was found; the damaged files are kept as backups")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (name: string | undefined, options: StudyOptions & { repair?: boolean; format: string }) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const { diagnoseStudy, repairStudy } = await import("../../app/read-study.js");
      if (options.repair) {
        const report = await repairStudy(ref);
        await printData(io, format, report, {
          table: () =>
            report.findings.length === 0
              ? `${ref.name}: no damage found, nothing to repair`
              : [
                  ...report.findings.map(findingLine),
                  ...report.actions,
                  ...report.backups.map((file) => `kept ${file}`),
                  ...(report.lost ? [lostLine(report.lost)] : ["nothing was lost"]),
                ].join("\n"),
        });
        return;
      }
      const findings = await diagnoseStudy(ref);
      const damaged = findings.some((finding) => finding.severity === "damage");
      await printData(io, format, findings, {
        table: () => (findings.length === 0 ? `${ref.name}: no damage found` : findings.map(findingLine).join("\n")),
      });
      if (damaged) {
        if (format === "table")
          printNote(
            io.stderr,
            `repair: ${typedProgram()} doctor ${ref.name} --repair${storageArgument(ref.directory)}`,
          );
        setExitCode(1);
      }
    });
};
