/** `mlbench-hpo create-study`: its line as a request, and what was made, printed. */
import type { CreateStudyOptions, StudyPlan } from "../../app/create-study.js";
import type { StudyConfig } from "../../app/study-config.js";
import type { Study } from "../../study/study.js";
import type { StudyPlan as ServedPlan } from "../../service/schemas/studies.js";
import type { PlanRemarks } from "../served-study.js";
import { objectivesInWords, stringifyJson, UsageError } from "../../core/index.js";
import type { ConfigValue, StudyHeader } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { componentOptions } from "../component-options.js";
import { addCreateOptions } from "../create-study-options.js";
import type { CreateOptions } from "../create-study-options.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import type { Prescan } from "../parameter-options.js";
import { globalFlags } from "../global-options.js";
import { parseFormat, printDetail, printNote, printNotice } from "../io.js";
import type { CliIo, OutputFormat } from "../io.js";
import { printData, renderTable } from "../render.js";
import { wholeNumber } from "../shared-options.js";
import { folderLocation, splitStudyPath, storageArgument } from "../study-ref.js";
import type { ChangeableSpace } from "../space-change.js";
import { typedProgram } from "../typed-program.js";

/** The study file that the line stands on: the one named, or the ready one of a line that says nothing of the study. */
export interface Base {
  readonly name: string;
  readonly config: StudyConfig;
  readonly byItself: boolean;
}

/** `mlbench-hpo create-study` */
export const createStudyCommand: CommandDefinition = async (program, { io, argv }) => {
  // Without a line, as for help or a list of options, there are no parameters to look up.
  if (argv.length === 0) {
    await addCreateOptions(program.command("create-study"));
    return;
  }
  const scanned = prescan(argv.slice(1));
  const { loadPlugins } = await import("../../plugins/load-plugins.js");
  await loadPlugins(scanned.plugin);
  const base = await baseOf(argv.slice(1), scanned);
  await loadPlugins(base?.config.plugins ?? []);
  const command = await addCreateOptions(program.command("create-study"));
  const readParameters = addParameterOptions(command, await parametersOfLine(argv, scanned, base));
  command.action((options: CreateOptions) => create(io, options, base, readParameters()));
};

/** What only says where a study is kept, how its line is answered, or how its random numbers begin. */
const undefining = [
  ...["--name", "--study-name", "--study", "--storage", "--seed", "--no-defaults"],
  ...["--dry-run", "--skip-if-exists", "--format", "--help", "-h"],
  ...["-q", ...globalFlags],
];

async function baseOf(words: readonly string[], { config: named }: Prescan): Promise<Base | null> {
  const given = words.filter((word) => word.startsWith("-")).map((word) => word.split("=", 1)[0] as string);
  const byItself = given.every((option) => undefining.includes(option));
  const name = named ?? (byItself ? "dummy-lstm" : null);
  if (name === null) return null;
  const { loadStudyConfig } = await import("../../app/study-config.js");
  return { name, config: await loadStudyConfig(name), byItself };
}

/** Whether a line says that no model is trained. */
function namesOwnCode(argv: readonly string[]): boolean {
  return argv.some((word) => ["--objective", "--command"].some((o) => word === o || word.startsWith(`${o}=`)));
}

/** The parameters that a line can set: those of its models, its dataset and the training. */
export async function parametersOfLine(argv: readonly string[], scanned: Prescan, base: Pick<Base, "config"> | null) {
  if (namesOwnCode(argv) || base?.config.objective || base?.config.command) return [];
  const { studyParameters } = await import("../../app/study-subject.js");
  const models = scanned.model?.split(",").map((name) => name.trim()) ?? [base?.config.model ?? "lstm"].flat();
  return studyParameters(models, scanned.dataset ?? base?.config.dataset ?? "dummy");
}

/** The line as the library would be asked. */
export async function requestOf(
  options: CreateOptions,
  base: Base | null,
  params: Readonly<Record<string, ConfigValue>>,
): Promise<Omit<CreateStudyOptions, "storage">> {
  const { dataset, objective, plugin, search, fix, direction, metric, constraint, pruneBy, forceDirection } = options;
  const { seed, folds, seeds, trialValue, onNan, onDuplicate, dryRunPruner, defaults } = options;
  const { command, shell, cwd, reportPattern } = options;
  // What belongs to a program does not name one.
  const own = [objective, command, shell, cwd, reportPattern].some((given) => given !== undefined);
  const subject = base || own || options.spaceChange ? {} : { model: "lstm" };
  return {
    ...{ ...subject, ...(options.model ? { model: options.model } : {}), dataset, objective, config: base?.name },
    ...{ command, shell, cwd, reportPattern },
    ...{ plugins: plugin, params, search, fix, direction, metric, constraints: constraint, pruneBy, forceDirection },
    ...{ seed, folds, seeds, trialValue, onNan, onDuplicate, dryRunPruner, defaults },
    sampler: await componentOptions("sampler", options.sampler, options.samplerOption, base?.config.sampler),
    from: priorOf(options, base?.config.from),
    terminator: terminatorOf(options.terminator),
    pruner: await componentOptions("pruner", options.pruner, options.prunerOption, base?.config.pruner),
  };
}

/** `--from NAME --top N`; of a study's file its folder is the storage. */
function priorOf({ from, top, storage }: CreateOptions, inFile: StudyConfig["from"]): CreateStudyOptions["from"] {
  if (from === undefined) {
    if (top === undefined) return undefined;
    if (inFile !== undefined) return { name: typeof inFile === "string" ? inFile : inFile.name, top };
    throw new UsageError(
      "invalid-option",
      `--top ${top}: says how many trials of another study: --from STUDY --top ${top}`,
    );
  }
  const { name, directory } = splitStudyPath(from);
  return { name, storage: folderLocation(directory ?? storage), top };
}

const MIN_TRIALS = "min-trials=";

function terminatorOf(rule: CreateOptions["terminator"]): CreateStudyOptions["terminator"] {
  if (rule === undefined || rule === true) return rule;
  if (!rule.startsWith(MIN_TRIALS))
    throw new UsageError("invalid-option", `--terminator ${rule}: expected no value, or min-trials=N`);
  return { minTrials: wholeNumber("--terminator min-trials", 0)(rule.slice(MIN_TRIALS.length)) };
}

async function create(
  io: CliIo,
  options: CreateOptions,
  base: Base | null,
  params: Readonly<Record<string, ConfigValue>>,
): Promise<void> {
  const format = parseFormat(options.format);
  const names = [...new Set([options.name, options.studyName, options.study].filter((name) => name !== undefined))];
  if (names.length > 1) throw new UsageError("two-studies", `two names are given: ${names.join(" and ")}`);
  const given = names[0] === undefined ? null : splitStudyPath(names[0]);
  const directory = given?.directory ?? options.storage;
  const request = {
    ...(await requestOf(options, base, params)),
    ...(given ? { name: given.name } : {}),
    storage: folderLocation(directory),
  };
  const { openStorage } = await import("../../app/storage.js");
  const storage = await openStorage(request.storage);
  if (storage.service) {
    const { createServed, servedSpace } = await import("../served-study.js");
    if (options.spaceChange)
      return (await import("../space-change.js")).changeSpace(
        io,
        format,
        { ...options, directory },
        servedSpace(storage, request),
      );
    const printPlan = options.dryRun ? servedPlanPrinter(io, format, request) : null;
    return createServed({ io, format, storage, directory, base, printPlan }, request);
  }
  if (options.spaceChange)
    return (await import("../space-change.js")).changeSpace(
      io,
      format,
      { ...options, directory },
      await storedSpace(io, format, request),
    );
  const { ensureStudy, planStudy } = await import("../../app/create-study.js");
  if (options.dryRun) {
    const plan = await planStudy(request);
    sayByItself(io, base);
    sayDetails(io, base, plan.header);
    sayDefaults(io, request, plan.header);
    const warnings = await sayWarnings(io, format, plan.header, plan.storage);
    return printSpace(io, format, plan, { config: base?.name ?? null, warnings });
  }
  const { study, file, created } = await ensureStudy(request);
  sayByItself(io, base);
  sayDetails(io, base, study.header);
  sayDefaults(io, request, study.header);
  const warnings = await sayWarnings(io, format, study.header, storage);
  const { name, seed, space } = study.header;
  const next = `${typedProgram()} optimize ${given?.directory ? file : name}${given?.directory ? "" : storageArgument(directory)} --trials 100`;
  await printData(
    io,
    format,
    { study: name, file, seed, created, config: base?.name ?? null, warnings },
    {
      table: () => {
        const made = `created study ${name}: ${file} (seed ${seed}, ${Object.keys(space).length} searched)`;
        const there = `study ${name} is already there with the same settings: ${file}`;
        return created ? made : there;
      },
      value: () => name,
    },
  );
  if (format !== "table") return;
  await saySampler(io, study);
  printNote(io.stdout, `next: ${next}`);
}

/** Prints what a service would make, as what this process would. */
function servedPlanPrinter(io: CliIo, format: OutputFormat, request: Omit<CreateStudyOptions, "storage">) {
  return async (plan: ServedPlan, said: PlanRemarks): Promise<void> => {
    const { space, asked_fixed: fixed } = plan;
    const header = plan as unknown as StudyHeader;
    sayDefaults(io, request, header);
    return printSpace(io, format, { header, derived: { space, fixed } as StudyPlan["derived"] }, { ...said });
  };
}

async function storedSpace(io: CliIo, format: OutputFormat, given: CreateStudyOptions): Promise<ChangeableSpace> {
  const { ensureStudy, planSpaceChange } = await import("../../app/create-study.js");
  const request = { ...given, spaceChange: true };
  return {
    plan: () => planSpaceChange(request),
    change: async () => {
      const { study, storage, file, spaceChange: change } = await ensureStudy(request);
      const warnings = await sayWarnings(io, format, study.header, storage);
      return { header: study.header, file, change, warnings, saySampler: () => saySampler(io, study) };
    },
  };
}

/** Whom `auto` asks, which depends on the study. */
async function saySampler(io: CliIo, { header, trials }: Study): Promise<void> {
  const { samplerChoiceOf } = await import("../../app/views/study-overview.js");
  const choice = samplerChoiceOf(header, trials);
  if (choice) printNote(io.stdout, `sampler: auto asks ${choice.sampler} first: ${choice.reason}`);
}

/** The usual pruner judges one objective: what takes its place is said. */
function sayDefaults(
  io: CliIo,
  request: Omit<CreateStudyOptions, "storage">,
  { objectives, pruner }: StudyHeader,
): void {
  if (objectives.length === 1 || request.pruner !== undefined) return;
  printNote(io.stderr, `${objectives.length} objectives: the pruner is "${pruner.name}"`);
}

/** What the line came to, for `--verbose`. */
function sayDetails(io: CliIo, base: Base | null, header: StudyHeader): void {
  const { sampler, pruner, task, settings, seed, space } = header;
  if (base) printDetail(io.stderr, () => `configuration: ${base.name}`);
  printDetail(
    io.stderr,
    () => `study: sampler ${stringifyJson(sampler)}, pruner ${stringifyJson(pruner)}, seed ${seed}`,
  );
  printDetail(io.stderr, () => `study: ${objectivesInWords(header.objectives)}; task ${stringifyJson(task)}`);
  printDetail(io.stderr, () => `study: settings ${stringifyJson(settings)}`);
  for (const [name, distribution] of Object.entries(space))
    printDetail(io.stderr, () => `searched: ${name} ${stringifyJson(distribution)}`);
}

function sayByItself(io: CliIo, base: Base | null): void {
  if (base?.byItself) printNote(io.stderr, `no option says what the study is: using preset ${base.name}`);
}

/** What is suspicious about the data; with a table also told to people. */
export async function sayWarnings(
  io: CliIo,
  format: OutputFormat,
  header: StudyHeader,
  storage: StudyPlan["storage"],
): Promise<readonly string[]> {
  const { studyWarnings } = await import("../../app/study-warnings.js");
  const warnings = await studyWarnings(header, storage.baseDirectory(header.name));
  if (format === "table") for (const warning of warnings) printNotice(io.stderr, "warning", warning);
  return warnings;
}

export async function printSpace(
  io: CliIo,
  format: OutputFormat,
  { header, derived }: Pick<StudyPlan, "header" | "derived">,
  said: { readonly config: string | null; readonly warnings: readonly string[] } & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { spaceTable } = await import("../../search-space/index.js");
  const rows = spaceTable(derived.space, derived.fixed);
  await printData(
    io,
    format,
    { name: header.name, space: header.space, fixed: derived.fixed, task: header.task, ...said },
    {
      table: (width) => {
        const table = renderTable(
          [
            { title: "parameter", text: (row) => row.name },
            { title: "type", text: (row) => row.type },
            { title: "values", text: (row) => row.values },
            { title: "scale", text: (row) => row.scale },
            { title: "count", align: "right", text: (row) => (row.count === null ? "∞" : String(row.count)) },
            { title: "when", text: (row) => row.when },
          ],
          rows,
          width,
        );
        return `${header.name}: ${objectivesInWords(header.objectives)}, ${header.sampler.name} + ${header.pruner.name}\n\n${table}`;
      },
    },
  );
  if (format === "table") printNote(io.stderr, "dry run: nothing was created");
}
