/** `mlbench-hpo sweep`: the points of a grid run under several seeds, and the table of what they came to. */
import { UsageError } from "../../core/index.js";
import type { ConfigValue } from "../../core/index.js";
import type { StudyConfig } from "../../app/study-config.js";
import type { SweepOptions, SweepPlan } from "../../app/sweep.js";
import { addCallOptions } from "../call-options.js";
import type { CallCliOptions } from "../call-options.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addJudgingOptions, addPrunerOptions, addSubjectOptions, repeatable } from "../create-study-options.js";
import type { CreateOptions } from "../create-study-options.js";
import { printJson, printLine, printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { addParameterOptions, prescan } from "../parameter-options.js";
import { laidOut } from "../render.js";
import { addPartOptions, wholeNumber } from "../shared-options.js";
import { endLine, runCall } from "../study-call.js";
import type { EndOfCall } from "../typed-call.js";
import { addStudyOptions, folderLocation, resolveStudy, splitStudyPath, storageArgument } from "../study-ref.js";
import type { StudyRef } from "../study-ref.js";
import { sweepTable } from "../sweep-table.js";
import { sizeOf } from "../terminal.js";
import { typedProgram } from "../typed-program.js";
import { parametersOfLine, printSpace, requestOf, sayWarnings } from "./create-study.js";

interface SweepCliOptions extends Omit<CreateOptions, "format" | "terminator" | "study">, CallCliOptions {
  /** However it is named. */
  study?: string | undefined;
  grid?: string[];
  random?: number;
  repeat?: number;
}

/** `mlbench-hpo sweep` */
export const sweepCommand: CommandDefinition = async (program, context) => {
  const { argv } = context;
  const command = addStudyOptions(program.command("sweep"), { positional: true, missing: "MODEL-DATASET-sweep" })
    .description("run every point of a grid, each under several seeds; run it again to continue")
    .option("--name <name>", "the same as --study-name");
  addSubjectOptions(command)
    .addOption(repeatable("--grid <name=values>", "values of a parameter: A,B,C, or a range with a step or points"))
    .option("--random <n>", "draw N points at random instead of all", wholeNumber("--random", 1))
    .option("--repeat <n>", "trials a point, each under a seed of its own (default: 1)", wholeNumber("--repeat", 1))
    .addOption(repeatable("--fix <name=value>", "fix a parameter"));
  await addPrunerOptions(command, "nop, which prunes nothing");
  addPartOptions(addJudgingOptions(command))
    .option("--seed <n>", "seed of the study (default: drawn, and stored)", wholeNumber("--seed", 0))
    .option("--dry-run", "print the points and how many trials they are; run nothing");
  addCallOptions(command, "at most N trials in this call (default: all that are left)");
  const scanned = prescan(argv.slice(1));
  const { loadPlugins } = await import("../../plugins/load-plugins.js");
  await loadPlugins(scanned.plugin);
  const config = scanned.config === undefined ? null : await configNamed(scanned.config);
  await loadPlugins(config?.plugins ?? []);
  const base = config && { name: scanned.config as string, config, byItself: false };
  const readParameters = addParameterOptions(
    command,
    argv.length === 0 ? [] : await parametersOfLine(argv, scanned, base),
  );
  command.action(async (study: string | undefined, options: SweepCliOptions) => {
    const params = readParameters();
    const named = { ...options, study: nameOf(study, options) };
    if (!options.grid?.length) return goOn(named, params, context);
    const { search: _search, ...request } = await requestOf(creationOf(options), base, params);
    return begin(named, request, context);
  });
};

function creationOf({ terminator: _terminator, study: _study, ...options }: SweepCliOptions): CreateOptions {
  return { ...options, format: "table" };
}

/** A study file, whose pruner a sweep leaves out: seeds are compared as they end. */
async function configNamed(name: string): Promise<StudyConfig> {
  const { loadStudyConfig } = await import("../../app/study-config.js");
  const { pruner: _pruner, ...config } = await loadStudyConfig(name);
  return config;
}

function nameOf(positional: string | undefined, { name, studyName, study }: SweepCliOptions): string | undefined {
  const names = [...new Set([positional, name, studyName, study].filter((given) => given !== undefined))];
  if (names.length > 1) throw new UsageError("two-studies", `two names are given: ${names.join(" and ")}`);
  return names[0];
}

/** What makes a sweep, and means nothing for one that is there. */
const making = [
  ...(["command", "shell", "cwd", "reportPattern"] as const),
  ...(["model", "dataset", "objective", "config", "plugin", "fix", "set", "random", "repeat", "pruner"] as const),
  ...(["prunerOption", "metric", "direction", "forceDirection", "constraint", "pruneBy", "trialValue"] as const),
  ...(["onNan", "folds", "seeds", "seed", "dryRun"] as const),
];

/** A sweep that is there already. */
async function goOn(
  options: SweepCliOptions,
  params: Readonly<Record<string, ConfigValue>>,
  context: CommandContext,
): Promise<void> {
  const given = making.find((key) => (options as unknown as Readonly<Record<string, unknown>>)[key] !== undefined);
  const flag =
    given === undefined ? Object.keys(params)[0] : `--${given.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  if (flag !== undefined)
    throw new UsageError("no-grid", `sweep: ${flag} is given, but no --grid NAME=VALUES, as in train.lr=1e-3,1e-2`);
  const ref = await resolveStudy({ storage: options.storage, ...(options.study ? { study: options.study } : {}) });
  const { isSweep } = await import("../../app/sweep.js");
  const { header } = await ref.storage.read(ref.name);
  if (!isSweep(header))
    throw new UsageError(
      "no-sweep",
      `study "${ref.name}" is no sweep (its sampler is ${header.sampler.name}): give --grid NAME=VALUES to begin one, or go on with \`mlbench-hpo optimize ${ref.name}\``,
    );
  await run(ref, options, context);
}

/** A sweep that is made, or was by the same line before. */
async function begin(
  options: SweepCliOptions,
  { sampler: _1, from: _2, terminator: _3, onDuplicate: _4, dryRunPruner: _5, defaults: _6, ...request }: Asked,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const given = options.study === undefined ? null : splitStudyPath(options.study);
  const directory = given?.directory ?? options.storage;
  const wanted: SweepOptions = {
    ...request,
    ...(given ? { name: given.name } : {}),
    ...{ storage: folderLocation(directory), grid: options.grid ?? [] },
    ...{ repeat: options.repeat, random: options.random },
  };
  const { ensureSweep, planSweep } = await import("../../app/sweep.js");
  if (options.dryRun) return printPlan(io, options, await planSweep(wanted));
  const { study, storage, file, created, points, repeat } = await ensureSweep(wanted);
  const { name, seed, pruner } = study.header;
  if (options.format === "table") {
    const size = `${points} ${points === 1 ? "point" : "points"} x ${repeat} = ${points * repeat} trials`;
    const pruned = pruner.name === "nop" ? "nothing is pruned" : `pruned by ${pruner.name}`;
    const how = created ? "created" : "going on with";
    printNote(io.stdout, `${how} sweep ${name}: ${size}, seed ${seed}, ${pruned}; ${file}`);
  }
  await run({ storage, name, directory }, options, context);
}

type Asked = Awaited<ReturnType<typeof requestOf>>;

async function printPlan(io: CliIo, { format, config }: SweepCliOptions, plan: SweepPlan): Promise<void> {
  const { points, repeat } = plan;
  const warnings = await sayWarnings(io, format, plan.header, plan.storage);
  await printSpace(io, format, plan, { config: config ?? null, warnings, points, repeat, trials: points * repeat });
  if (format === "table") printNote(io.stdout, `${points} points x ${repeat} = ${points * repeat} trials`);
}

async function run(ref: StudyRef, options: SweepCliOptions, context: CommandContext): Promise<void> {
  const { sweepGoal } = await import("../../app/sweep.js");
  await runCall({
    ...{ ref, options, context },
    goalOf: (study) => sweepGoal(study, options),
    printEnd: (end) => printEnd(end, ref),
    printJsonEnd: printEvent,
  });
}

/** What the points came to, and what to type next. */
async function printEnd({ io, study, file, result }: EndOfCall, ref: StudyRef): Promise<void> {
  const { pointsOfState, sweepSize, trialsLeft } = await ofSweeps();
  const points = await pointsOfState(study.state);
  const { points: size, repeat } = sweepSize(study.header);
  printLine(io.stdout, endLine(result));
  const { columns } = sizeOf(io.stdout);
  if (points.length > 0)
    printLine(io.stdout, `\n${await laidOut(() => sweepTable(points, study.header.objectives, repeat, columns))}\n`);
  const untried = size - points.length;
  if (untried > 0) printNote(io.stdout, `${untried} of ${size} points have no trial yet`);
  printNote(io.stdout, `study: ${file}`);
  const where = `${ref.name}${storageArgument(ref.directory)}`;
  const left = trialsLeft(study.state);
  if (left > 0) printNote(io.stdout, `to continue (${left} trials left): ${typedProgram()} sweep ${where}`);
  else printNote(io.stdout, `next: ${typedProgram()} trials ${where}`);
}

/** The last line for programs. */
async function printEvent({ io, study, file }: EndOfCall): Promise<void> {
  const { pointsOfState, sweepSize, trialsLeft } = await ofSweeps();
  const { points: size, repeat } = sweepSize(study.header);
  const points = await pointsOfState(study.state);
  const sizes = { points_total: size, repeat, trials_left: trialsLeft(study.state) };
  printJson(io.stdout, { event: "sweep", study: study.name, file, ...sizes, points });
}

async function ofSweeps() {
  const [{ pointsOfState }, { sweepSize, trialsLeft }] = await Promise.all([
    import("../../app/views/sweep-points.js"),
    import("../../app/sweep.js"),
  ]);
  return { pointsOfState, sweepSize, trialsLeft };
}
