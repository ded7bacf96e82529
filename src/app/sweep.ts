/** Sweeps: studies over a fixed set of points, each tried under several seeds; made, run, gone on with. */
import type { Distribution, History, OptimizeResult, ParamValue, StudyHeader, StudyState } from "../core/index.js";
import { categorical, directionsOf, isBanned, requireKnownKeys, UsageError } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { GridSampler } from "../samplers/grid.js";
import { parseDistribution, splitSearch } from "../search-space/index.js";
import type { ObjectiveSource, OptimizeStudyOptions, Study } from "../study/study.js";
import type { CreateStudyOptions, EnsuredStudy, StudyPlan } from "./create-study.js";
import { ensurePlanned, planCalled } from "./create-study.js";
import { requestKeys } from "./study-request.js";
import { sweepPoints } from "./views/sweep-points.js";
import type { SweepPoint } from "./views/sweep-points.js";

/** The values of one parameter: a range or choices as `--grid` takes them, a list, or a distribution. */
export type GridValues = string | readonly ParamValue[] | Distribution;

/** What a {@link sweep} is over, and all that is the same in its trials. */
export interface SweepOptions extends Omit<
  CreateStudyOptions,
  // What a sweep settles by itself.
  | ("search" | "space" | "sampler" | "from" | "terminator" | "onDuplicate" | "defaults" | "defaultSpace")
  | ("dryRunPruner" | "settings" | "spaceChange")
> {
  /**
   * The values of each parameter, or as typed: `["model.hidden_size=16,32", "train.lr=log:1e-4..1e-1:points=4"]`. What is
   * not named is fixed: by `fix` and `params`, or at its default.
   */
  readonly grid: Readonly<Record<string, GridValues>> | readonly string[];
  /** How many trials each point gets, under seeds of their own. @default 1 */
  readonly repeat?: number | undefined;
  /** So many points drawn at random in place of the full grid; ranges may then be continuous. @default the full grid */
  readonly random?: number | undefined;
}

const keys: KnownKeys<SweepOptions> = {
  ...withoutSettled(),
  ...({ storage: true, directory: true, grid: true, repeat: true, random: true } as const),
};

function withoutSettled() {
  const { search: _1, space: _2, sampler: _3, from: _4, terminator: _5, onDuplicate: _6, ...rest } = requestKeys;
  const { defaults: _7, defaultSpace: _8, dryRunPruner: _9, settings: _10, ...kept } = rest;
  return kept;
}

/** What {@link sweep} came to. */
export interface SweepResult {
  /** The study that the sweep is. */
  readonly study: Study;
  readonly result: OptimizeResult;
  /** The points that have trials, best mean first. */
  readonly points: readonly SweepPoint[];
  /** Trials that are still to be run: those of a call that ended before its time. */
  readonly left: number;
}

/** How one call of {@link sweep} runs its trials. */
export interface SweepCall extends OptimizeStudyOptions {
  /** What the trials of a sweep over no model run. */
  readonly objective?: ObjectiveSource | undefined;
}

/** A sweep before it is stored. */
export interface SweepPlan extends StudyPlan {
  readonly points: number;
  readonly repeat: number;
  readonly request: CreateStudyOptions;
}

/** A sweep of more trials is refused: its table would say nothing, and its days of computing want a search. */
const MOST_TRIALS = 10_000;

/**
 * Runs every point of a grid, each under several seeds, and says what they came to: a study like any other, in which the
 * trials are given. Called again with the same options it goes on where it ended. Nothing is pruned, unless `pruner` says
 * so.
 * @throws UsageError `no-grid`, `grid-needs-steps`, `sweep-too-large`, `unknown-option`, `study-exists` for a study of that
 * name that is another, and as `createStudy` and `study.optimize`.
 * @example
 * const { points } = await sweep(
 *   { storage: "memory", grid: { lr: [0.01, 0.1], width: int(8, 32, { step: 8 }) }, repeat: 3 },
 *   { objective: (trial) => Number(trial.params.lr) * Number(trial.params.width) },
 * );
 * points[0]?.scores[0]?.mean; // of the best point
 */
export async function sweep(options: SweepOptions, call: SweepCall = {}): Promise<SweepResult> {
  const { study } = await ensureSweep(options);
  const { objective, ...given } = call;
  const goal = { ...sweepGoal(study, given), ...given };
  const result = objective === undefined ? await study.optimize(goal) : await study.optimize(objective, goal);
  return { study, result, points: await sweepPoints(study), left: trialsLeft(study.state) };
}

/** Resolves and checks a sweep; nothing is stored. @throws as {@link sweep}. */
export async function planSweep(options: SweepOptions): Promise<SweepPlan> {
  requireKnownKeys("sweep", options, keys);
  const { grid, repeat = 1, random, ...rest } = options;
  requireCount("repeat", repeat);
  if (random !== undefined) requireCount("random", random);
  if (Object.keys(grid).length === 0)
    throw new UsageError("no-grid", "sweep: no parameter is named; give --grid NAME=VALUES, as in train.lr=1e-3,1e-2");
  const request = requestOf(rest, grid, repeat, random);
  const plan = await planCalled(request, "-sweep").catch((error: unknown) => {
    throw inGridsWords(error, grid);
  });
  requireAllNamed(plan, options);
  const points = new GridSampler({ ...(random === undefined ? {} : { random }) }).size(plan.header.space);
  requireSize(points, repeat, random);
  return { ...plan, points, repeat, request };
}

/** Makes a sweep's study, or takes the one that is there with the same settings. @throws as {@link sweep}. */
export async function ensureSweep(options: SweepOptions): Promise<EnsuredStudy & Pick<SweepPlan, "points" | "repeat">> {
  const { request, points, repeat, ...plan } = await planSweep(options);
  return { ...(await ensurePlanned(plan, request)), points, repeat };
}

function requestOf(
  rest: Omit<SweepOptions, "grid">,
  grid: SweepOptions["grid"],
  repeat: number,
  random: number | undefined,
): CreateStudyOptions {
  const { model, dataset, config, params, fix, objective, command } = rest;
  const ofFunction = [model, dataset, config, params, fix, objective, command].every((given) => given === undefined);
  const entries = isList(grid) ? grid.map(pairOf) : Object.entries(grid);
  const settled = {
    sampler: { name: "grid", options: { ...(repeat > 1 ? { repeat } : {}), ...(random ? { random } : {}) } },
    pruner: rest.pruner ?? "nop",
    ...({ onDuplicate: "run", defaults: false, defaultSpace: false, from: undefined, terminator: false } as const),
  };
  if (ofFunction) return { ...rest, ...settled, space: Object.fromEntries(entries.map(declared)) };
  return { ...rest, ...settled, search: isList(grid) ? grid : Object.fromEntries(entries.map(asked)) };
}

function isList(grid: SweepOptions["grid"]): grid is readonly string[] {
  return Array.isArray(grid);
}

function pairOf(text: string): [string, string] {
  const { name, range = "" } = splitSearch(text);
  return [name, range];
}

/** One value a parameter, several under one name: choices. */
function listed(values: GridValues): string | Distribution {
  return Array.isArray(values) ? categorical(values as readonly ParamValue[]) : (values as string | Distribution);
}

function asked([name, values]: [string, GridValues]): [string, string | Distribution] {
  return [name, listed(values)];
}

function declared([name, values]: [string, GridValues]): [string, Distribution] {
  const given = listed(values);
  if (typeof given !== "string") return [name, given];
  return [name, parseDistribution({ name, range: given, shown: `${name}=${given}` })];
}

/** `--search train.lr=…` in a message is `--grid train.lr=…` here. */
function inGridsWords(error: unknown, grid: SweepOptions["grid"]): unknown {
  if (!(error instanceof UsageError)) return error;
  if (error.code === "grid-needs-steps" || error.code === "grid-too-large") return needsPoints(error);
  const names = isList(grid) ? grid : Object.keys(grid);
  const named = names.some((name) => error.message.startsWith(`--search ${name}`));
  if (named) return new UsageError(error.code, error.message.replace(/^--search /, "--grid "), { cause: error });
  const [, twice] = /^(.*) is searched twice: /s.exec(error.message) ?? [];
  if (twice === undefined) return error;
  return new UsageError(error.code, `--grid ${twice} is given twice: list all of its values in one`, { cause: error });
}

function needsPoints(error: UsageError): UsageError {
  if (error.code !== "grid-needs-steps") return error;
  const message = error.message.replace(/^the grid sampler needs a step for /, "a full grid has no end of values for ");
  return new UsageError(
    error.code,
    `${message.replace(/; give it .*$/, "")}; give it a list, a step (:step=X) or so many points (:points=4), or draw points with --random N`,
    { cause: error },
  );
}

/** What an objective's module declares has no default that a parameter could be fixed at. */
function requireAllNamed({ header }: StudyPlan, { grid }: SweepOptions): void {
  if (header.settings.objective === null) return;
  const named = new Set(isList(grid) ? grid.map((text) => pairOf(text)[0]) : Object.keys(grid));
  const open = Object.keys(header.space).filter((name) => !named.has(name));
  if (open.length === 0) return;
  throw new UsageError(
    "not-in-grid",
    `sweep: the objective's space also has ${open.join(", ")}: give ${open.map((name) => `--grid ${name}=VALUES or --fix ${name}=VALUE`).join(", ")}`,
  );
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new UsageError("invalid-option", `sweep: ${name} must be a whole number of at least 1, got ${String(value)}`);
}

function requireSize(points: number, repeat: number, random: number | undefined): void {
  if (random !== undefined && points < random)
    throw new UsageError(
      "invalid-option",
      `sweep: --random ${random}: the grid has only ${points} points; leave it out`,
    );
  if (points * repeat <= MOST_TRIALS) return;
  const trials =
    repeat > 1 ? `${points} points, ${points * repeat} trials with --repeat ${repeat}` : `${points} points`;
  throw new UsageError(
    "sweep-too-large",
    `sweep: the grid has ${trials}: more than ${MOST_TRIALS}; take fewer values, draw some of them with --random N, or let a study search: create-study --search`,
  );
}

/** The sampler of a sweep; null for any other study. */
function gridOf({ sampler }: StudyHeader): GridSampler | null {
  return sampler.name === "grid" ? new GridSampler(sampler.options) : null;
}

/** Whether a study is a sweep: its points are given. */
export function isSweep(header: StudyHeader): boolean {
  return gridOf(header) !== null;
}

/** How many points a sweep has, and how many trials each of them is to get. @throws as {@link GridSampler.size}. */
export function sweepSize(header: StudyHeader): { readonly points: number; readonly repeat: number } {
  const grid = gridOf(header);
  return { points: grid?.size(header.space) ?? 0, repeat: grid?.options.repeat ?? 1 };
}

/** Trials of a sweep that are still to be made or finished; those that somebody outside has are left to him. */
export function trialsLeft({ header, trials, annotations }: StudyState): number {
  const banned = trials.filter(({ number }) => isBanned(annotations, number)).map(({ params }) => params);
  const directions = directionsOf(header);
  const history: History = { direction: directions[0] ?? "minimize", directions, trials, banned };
  const unfinished = trials.filter(
    ({ number, state, retry_of, owner }) =>
      (state === "waiting" || (state === "running" && owner !== "external")) &&
      retry_of === null &&
      !isBanned(annotations, number),
  );
  return (gridOf(header)?.remaining(header.space, history) ?? 0) + unfinished.length;
}

/** How far a call on a sweep goes that is not told: to its end. */
export function sweepGoal(
  { state }: Pick<Study, "state">,
  { trials, totalTrials }: Pick<OptimizeStudyOptions, "trials" | "totalTrials">,
): Pick<OptimizeStudyOptions, "trials" | "totalTrials"> {
  return trials === undefined && totalTrials === undefined ? { trials: trialsLeft(state) } : {};
}
