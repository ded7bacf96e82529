/** What a study is asked to be, before it is made; and how a study file and what is given beside it come together. */
import { resolve } from "node:path";
import type {
  ConfigValue,
  Direction,
  Distribution,
  Folds,
  KnownKeys,
  OnDuplicate,
  OnNan,
  SearchSpace,
  StudySettings,
  TrialValueRule,
} from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import type { Sampler } from "../samplers/sampler.js";
import type { DeclaredSearch, SpaceRequests } from "../search-space/index.js";
import { parseDistributionJson } from "../search-space/index.js";
import type { Given } from "./components.js";
import type { ObjectivesRequest } from "./resolve-objectives.js";
import type { StudyConfig, StudyFile } from "./study-config.js";
import type { MayOpen } from "./may-open.js";
import { isConfigPath } from "./presets.js";
import { checkStudyConfig, loadStudyConfig } from "./study-config.js";
import type { PriorRequest } from "./study-prior.js";

/**
 * What a study is to be. It is over a model when any of `model`, `dataset`, `config`, `params`, `search` and `fix` is
 * given, over an objective's module with `objective`, over a program with `command`, else over a function that `optimize`
 * gets, or trials handed out by `ask`.
 */
export interface StudyRequest {
  /** @default MODEL-DATASET, the module's name, or `study` */
  readonly name?: string | undefined;
  /** A model, or several: then the model itself is searched. @default "lstm" */
  readonly model?: string | readonly string[] | undefined;
  /** @default "dummy" */
  readonly dataset?: string | undefined;
  /** A module: its default export the objective, its optional export `space` what is searched. */
  readonly objective?: string | URL | undefined;
  /**
   * A program that each trial runs: a line, split like a POSIX shell's words, or the words themselves. `{name}` in it is
   * the parameter's value, `{args}` all of them as `--name value`, `{json}` a file that holds them; every parameter is
   * declared by `search`.
   */
  readonly command?: string | readonly string[] | undefined;
  /** Whether `sh -c` runs the line of `command`. @default false: no shell is asked */
  readonly shell?: boolean | undefined;
  /** The folder that the program runs in. @default where relative paths start */
  readonly cwd?: string | undefined;
  /**
   * A regular expression for the lines of a program that knows nothing of us: its groups `step` and `value` make a report
   * of a line that it matches.
   */
  readonly reportPattern?: string | undefined;
  /** A study file by path, a preset by name, or a file's content. What is given beside it comes first. */
  readonly config?: string | StudyFile | undefined;
  /** Modules that register models, datasets, …: files or packages. */
  readonly plugins?: readonly string[] | undefined;
  /** Fixed parameters by name: what every trial has in common. */
  readonly params?: Readonly<Record<string, ConfigValue>> | undefined;
  /**
   * What is searched beside the default space, or otherwise than there: a range as `--search` takes it
   * (`"log:1e-5..1e-1"`), a distribution, or null for the parameter's own. Or a list as typed:
   * `["train.lr=log:1e-5..1e-1", "train.dropout"]`.
   */
  readonly search?: Readonly<Record<string, string | Distribution | null>> | readonly string[] | undefined;
  /**
   * Whether a model's usual parameters are searched beside what `search` names; without, they are fixed at their
   * defaults, and a study file's `search` is passed over.
   * @default true
   */
  readonly defaultSpace?: boolean | undefined;
  /** Taken out of the search: values by name, or as typed: `["train.epochs=50"]`; a name alone is fixed at its default. */
  readonly fix?: Readonly<Record<string, ConfigValue>> | readonly string[] | undefined;
  /** Of a study over a function: drawn jointly at `ask`. Without it the function may suggest what it likes. */
  readonly space?: SearchSpace | undefined;
  /** What trials are judged by, as `--metric` takes it: `"val_rmse"`, `["val_rmse", "parameters:minimize"]`. */
  readonly metric?: string | readonly string[] | undefined;
  /** Of the only objective. @default the metric's own, else "minimize" */
  readonly direction?: Direction | undefined;
  /** Of several objectives of a function: one each. */
  readonly directions?: readonly Direction[] | undefined;
  /** @default `val_rmse` of a model, `value` of an objective */
  readonly objectives?: readonly { readonly metric: string; readonly direction?: Direction | undefined }[] | undefined;
  /**
   * `["parameters <= 50000"]`: only trials that meet them count as best. Of a model's metrics, or of the numbers that an
   * objective returns by name.
   */
  readonly constraints?: readonly string[] | undefined;
  /** The metric that trials are pruned by. @default the first objective's */
  readonly pruneBy?: string | undefined;
  /** Optimize a metric against the way that it is known to be better. @default false */
  readonly forceDirection?: boolean | undefined;
  /**
   * Each trial trains a model a fold, in lockstep, and is judged by their mean: `"cells"` holds out each cell that is not
   * set aside for the test, a number so many groups of cells, or blocks of time where there are fewer cells than that
   * and under `data.split: "by-time"`. @default "none": one split
   */
  readonly folds?: Folds | "none" | null | undefined;
  /** How many seeds each trial, or each of its folds, trains under; the first is the trial's own. @default 1 */
  readonly seeds?: number | undefined;
  /** @default "auto": asks the sampler that suits the space and what has happened so far */
  readonly sampler?: Given<Sampler> | undefined;
  /** @default `prospect`; none with several objectives */
  readonly pruner?: Given<Pruner> | undefined;
  /**
   * Another study whose best trials the sampler begins from (those of its parameters that this one's space has, with
   * values that fit): kept with this study, whose trials they are not.
   */
  readonly from?: string | PriorRequest | undefined;
  /**
   * Ends the search where its expected further gain is below the noise of a value; never before `minTrials` trials are
   * finished (60, unless it is given).
   * @default false
   */
  readonly terminator?: boolean | { readonly minTrials?: number | undefined } | undefined;
  /** Everything random follows from it. @default drawn, and stored */
  readonly seed?: number | undefined;
  /** Which epoch a trial's value is taken from. @default "best" */
  readonly trialValue?: TrialValueRule | undefined;
  /** What a value that is no finite number makes of its trial. @default "fail" */
  readonly onNan?: OnNan | undefined;
  /** What becomes of parameters that were tried already. @default "resample" */
  readonly onDuplicate?: OnDuplicate | undefined;
  /** Record what would have been pruned, prune nothing. @default false */
  readonly dryRunPruner?: boolean | undefined;
  /** The rules above under the names that they have in the study's file. */
  readonly settings?: Partial<Pick<StudySettings, "trial_value" | "on_nan" | "on_duplicate" | "dry_run_pruner">>;
  /** Whether the parameters' defaults are the first trial, in a study over a model. @default true */
  readonly defaults?: boolean | undefined;
}

/** The keys of a {@link StudyRequest}. */
export const requestKeys: KnownKeys<StudyRequest> = {
  ...({ name: true, model: true, dataset: true, objective: true, config: true, plugins: true } as const),
  ...({ command: true, shell: true, cwd: true, reportPattern: true } as const),
  ...({ params: true, search: true, fix: true, space: true, metric: true, direction: true } as const),
  ...({ directions: true, objectives: true, constraints: true, pruneBy: true, forceDirection: true } as const),
  ...({ folds: true, seeds: true, sampler: true, pruner: true, from: true } as const),
  ...({ terminator: true, seed: true, trialValue: true } as const),
  ...({ onNan: true, onDuplicate: true, dryRunPruner: true, settings: true, defaults: true } as const),
  defaultSpace: true,
};

/** A request together with its study file. */
export interface MergedRequest {
  readonly kind: "model" | "objective" | "command" | "function";
  readonly request: StudyRequest;
  readonly config: StudyConfig;
  readonly models: readonly string[];
  readonly dataset: string;
  readonly plugins: readonly string[];
  readonly own: SpaceRequests;
  readonly base: SpaceRequests;
  readonly objectives: ObjectivesRequest;
  readonly settings: Pick<StudySettings, "trial_value" | "on_nan" | "on_duplicate" | "dry_run_pruner">;
  readonly folds: Folds | "none" | null;
  readonly seeds: number;
  readonly from: StudyRequest["from"];
  readonly terminator: NonNullable<StudyRequest["terminator"]>;
}

/**
 * Reads the study file of a request and lays the request over it.
 * @param directory where relative paths start
 * @throws UsageError `conflicting-options`, and whatever is wrong with the study file.
 */
export async function mergeRequest(
  request: StudyRequest,
  directory: string,
  mayOpen?: MayOpen,
): Promise<MergedRequest> {
  if (typeof request.config === "string" && isConfigPath(request.config))
    await mayOpen?.([{ field: "config", path: request.config }]);
  const config = await configOf(request.config, directory);
  const kind = kindOf(request, config);
  const names = [request.model ?? config.model ?? []].flat();
  return {
    ...{ kind, request, config, dataset: request.dataset ?? config.dataset ?? "dummy" },
    models: names.length === 0 ? ["lstm"] : names,
    plugins: [...(config.plugins ?? []), ...(request.plugins ?? [])],
    own: spaceRequests(request),
    base: { search: request.defaultSpace === false ? [] : (config.search ?? []), fixed: config.fixed ?? {} },
    objectives: objectivesRequest(request, config),
    ...{
      folds: request.folds === undefined ? (config.folds ?? null) : request.folds,
      seeds: request.seeds ?? config.seeds ?? 1,
      from: request.from ?? config.from,
      terminator: request.terminator ?? terminatorIn(config),
    },
    settings: {
      trial_value: request.trialValue ?? request.settings?.trial_value ?? config.trial_value ?? "best",
      on_nan: request.onNan ?? request.settings?.on_nan ?? config.on_nan ?? "fail",
      on_duplicate: request.onDuplicate ?? request.settings?.on_duplicate ?? config.on_duplicate ?? "resample",
      dry_run_pruner: request.dryRunPruner ?? request.settings?.dry_run_pruner ?? config.dry_run_pruner ?? false,
    },
  };
}

function terminatorIn({ terminator = false }: StudyConfig): NonNullable<StudyRequest["terminator"]> {
  return typeof terminator === "boolean" ? terminator : { minTrials: terminator.min_trials };
}

async function configOf(config: StudyRequest["config"], directory: string): Promise<StudyConfig> {
  if (config === undefined) return {};
  if (typeof config === "string") return loadStudyConfig(config, directory);
  return checkStudyConfig(config, "config", resolve(directory));
}

function kindOf(request: StudyRequest, config: StudyConfig): MergedRequest["kind"] {
  const { model, dataset, params, search, fix, space } = request;
  const isCommand = requireCommandOptions(request, config);
  const overModel = [model, dataset, request.config, params, search, fix].some((given) => given !== undefined);
  if (isCommand) return "command";
  if (request.objective === undefined && config.objective === undefined) {
    if (!overModel) return "function";
    if (space !== undefined)
      throw conflict("space", "the space of a study over a model is derived from its parameters: use search and fix");
    return "model";
  }
  if (model?.length || dataset !== undefined || config.model !== undefined || config.dataset !== undefined)
    throw new UsageError("conflicting-options", "--objective stands alone: leave out --model and --dataset");
  if (space !== undefined) throw conflict("space", "an objective's module exports its space: use search and fix");
  return "objective";
}

/** Whether a program is what trials run. @throws UsageError `conflicting-options`. */
function requireCommandOptions(request: StudyRequest, config: StudyConfig): boolean {
  const { shell = config.shell, cwd = config.cwd, reportPattern = config.report_pattern } = request;
  if (request.command === undefined && config.command === undefined) {
    const alone = Object.entries({ shell: shell || undefined, cwd, reportPattern }).find(
      ([, value]) => value !== undefined,
    );
    if (alone) throw conflict(alone[0], "says how a program is run: name it with command");
    return false;
  }
  const { model = config.model, dataset = config.dataset, objective = config.objective, space } = request;
  const other = Object.entries({ model, dataset, objective }).find(([, value]) => value !== undefined && value !== "");
  if (other && !(Array.isArray(other[1]) && other[1].length === 0))
    throw conflict("command", `a program is what trials run: leave out ${other[0]}`);
  if (space !== undefined) throw conflict("space", "what a program is given is declared by search");
  return true;
}

function conflict(option: string, why: string): UsageError {
  return new UsageError("conflicting-options", `${option}: ${why}`);
}

/** What a request asks of a space. @throws UsageError `conflicting-options`. */
export function spaceRequests({
  search = [],
  fix = [],
  params = {},
}: Pick<StudyRequest, "search" | "fix" | "params">): SpaceRequests {
  if (isList(fix)) return { search: searchList(search), fix, fixed: params };
  const twice = Object.keys(fix).find((name) => Object.hasOwn(params, name));
  if (twice !== undefined) throw conflict("fix", `${twice} is given under params and under fix`);
  return { search: searchList(search), fixed: { ...params, ...fix } };
}

function isList<T>(given: readonly T[] | object): given is readonly T[] {
  return Array.isArray(given);
}

function searchList(search: NonNullable<StudyRequest["search"]>): (string | DeclaredSearch)[] {
  if (isList<string>(search)) return [...search];
  return Object.entries(search).map(([name, wanted]) => {
    if (wanted === null) return name;
    if (typeof wanted === "string") return `${name}=${wanted}`;
    return { name, distribution: parseDistributionJson(wanted, `search.${name}`) };
  });
}

/** Objectives that are given take the place of the file's, its direction included. */
function objectivesRequest(request: StudyRequest, config: StudyConfig): ObjectivesRequest {
  const { metric, direction, directions, objectives } = request;
  const forceDirection = request.forceDirection ?? config.force_direction;
  const list = (given: string | readonly string[] | undefined) => (given === undefined ? undefined : [given].flat());
  if (metric !== undefined || directions !== undefined || objectives !== undefined)
    return { metric: list(metric), direction, directions, objectives, forceDirection };
  return {
    ...{ metric: list(config.metric), objectives: config.objectives, forceDirection },
    direction: direction ?? config.direction,
  };
}
