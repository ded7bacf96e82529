/** `mlbench-hpo doctor`: damage found in a study's files, and mended. */
import { messageOf } from "../../core/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { parseFormat, printNote, printNotice } from "../io.js";
import type { OutputFormat } from "../io.js";
import { printData } from "../render.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, folderLocation, resolveStudy, storageArgument } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { typedProgram } from "../typed-program.js";
import type { RepairReport, StorageFinding, StudyStorage } from "../../storage/storage.js";

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

/** A study whose files are looked at: by its name, or of all that are in the storage. */
interface Patient {
  readonly storage: StudyStorage;
  readonly name: string;
  readonly directory: string;
}

type DoctorOptions = StudyOptions & { repair?: boolean; format: string };

/** The study that is named, or every study of the storage with what is left of those that never came to be. */
async function patients(name: string | undefined, options: DoctorOptions): Promise<Patient[]> {
  if ([name, options.studyName, options.study].some((given) => given !== undefined)) {
    const ref = await leftoverNamed(name ?? options.studyName ?? options.study, options);
    return [ref ?? (await resolveStudy(options, name))];
  }
  const directory = options.storage ?? "studies";
  const { openStorage } = await import("../../app/storage.js");
  const storage = await openStorage(folderLocation(directory));
  const names = [...(await storage.list()), ...((await storage.leftovers?.()) ?? [])];
  return [...new Set(names)].sort().map((found) => ({ storage, name: found, directory }));
}

/** A name that no study has, under which something was left. */
async function leftoverNamed(name: string | undefined, { storage: folder }: DoctorOptions): Promise<Patient | null> {
  const directory = folder ?? "studies";
  const { openStorage } = await import("../../app/storage.js");
  const storage = await openStorage(folderLocation(directory));
  const left = (await storage.leftovers?.()) ?? [];
  return name !== undefined && left.includes(name) ? { storage, name, directory } : null;
}

/** `mlbench-hpo doctor [STUDY] [--repair]`: exit code 0 when every study is whole (or mended), 1 when one is damaged. */
export const doctorCommand: CommandDefinition = (program, context) => {
  addStudyOptions(program.command("doctor"), { positional: true, missing: "every study of the storage" })
    .description("check studies' files for damage; --repair repairs them without losing an intact record")
    .option("--repair", "repair what was found; the damaged files are kept as backups")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (name: string | undefined, options: DoctorOptions) => {
      const format = parseFormat(options.format);
      const found = await patients(name, options);
      const named = [name, options.studyName, options.study].some((given) => given !== undefined);
      if (options.repair) return repairAll(found, format, named, context);
      return diagnoseAll(found, format, context);
    });
};

async function repairAll(
  found: readonly Patient[],
  format: OutputFormat,
  named: boolean,
  { io, setExitCode }: CommandContext,
): Promise<void> {
  const { repairStudy } = await import("../../app/read-study.js");
  const reports: (RepairReport & { readonly name: string })[] = [];
  for (const { storage, name } of found)
    try {
      reports.push({ name, ...(await repairStudy({ storage, name })) });
    } catch (error) {
      // One that cannot be mended, or is being written, keeps no other from being mended.
      if (named) throw error;
      printNotice(io.stderr, "error", messageOf(error));
      setExitCode(1);
    }
  const [first] = reports;
  const data = named && first ? withoutName(first) : reports.map(({ name, ...report }) => ({ study: name, ...report }));
  await printData(io, format, data, { table: () => reports.map(repairInWords).join("\n") || "no studies" });
}

function withoutName({ name: _name, ...report }: RepairReport & { readonly name: string }): RepairReport {
  return report;
}

function repairInWords({ name, findings, actions, backups, lost }: RepairReport & { readonly name: string }): string {
  if (findings.length === 0) return `${name}: no damage found, nothing to repair`;
  return [
    ...findings.map(findingLine),
    ...actions,
    ...backups.map((file) => `kept ${file}`),
    ...(lost ? [lostLine(lost)] : ["nothing was lost"]),
  ].join("\n");
}

/** Where nothing is left, or a newer program wrote it, a repair is none; the finding says what there is to do. */
const beyondRepair: ReadonlySet<string> = new Set(["blank", "study-too-new"]);

async function diagnoseAll(
  found: readonly Patient[],
  format: OutputFormat,
  { io, setExitCode }: CommandContext,
): Promise<void> {
  const { diagnoseStudy } = await import("../../app/read-study.js");
  const results: { readonly name: string; readonly findings: readonly StorageFinding[] }[] = [];
  for (const { storage, name } of found) results.push({ name, findings: await diagnoseStudy({ storage, name }) });
  const all = results.flatMap(({ name, findings }) => findings.map((finding) => ({ study: name, ...finding })));
  await printData(io, format, all, {
    table: () =>
      results
        .map(({ name, findings }) =>
          findings.length === 0 ? `${name}: no damage found` : findings.map(findingLine).join("\n"),
        )
        .join("\n") || "no studies",
  });
  const damaged = results.filter(({ findings }) => findings.some(({ severity }) => severity === "damage"));
  if (damaged.length === 0) return;
  if (format === "table")
    for (const { name, findings } of damaged)
      if (!findings.some(({ code }) => beyondRepair.has(code)))
        printNote(
          io.stderr,
          `repair: ${typedProgram()} doctor ${name} --repair${storageArgument(found[0]?.directory ?? "")}`,
        );
  setExitCode(1);
}
