/** The header of a study that comes from a file and goes on with something that the file does not name. */
import { defined, UsageError } from "../core/index.js";
import type { KnownKeys, StudyHeader, StudyObjective, StudySettings } from "../core/index.js";
import type { StudyInFile } from "../exchange/study-in-file.js";
import { declareSpace } from "../search-space/index.js";
import { planStudy } from "./create-study.js";
import type { CreateStudyOptions } from "./create-study.js";
import { spaceRequests } from "./study-request.js";
import type { StudyRequest } from "./study-request.js";

/** What a study from a file is to go on with: what `createStudy` takes, but for what the file says. */
export type ImportRequest = Omit<
  StudyRequest,
  "name" | "config" | "from" | "terminator" | "defaults" | "folds" | "seeds" | "settings"
>;

export const importRequestKeys: KnownKeys<ImportRequest> = {
  ...({ model: true, dataset: true, objective: true, plugins: true, params: true, search: true, fix: true } as const),
  ...({ command: true, shell: true, cwd: true, reportPattern: true } as const),
  ...({ space: true, metric: true, direction: true, directions: true, objectives: true, constraints: true } as const),
  ...({ pruneBy: true, forceDirection: true, sampler: true, pruner: true, seed: true, trialValue: true } as const),
  ...({ onNan: true, onDuplicate: true, dryRunPruner: true, defaultSpace: true } as const),
};

/** Where the study will live, and under which name. */
type Placed = ImportRequest & Pick<CreateStudyOptions, "storage" | "directory"> & { readonly name: string };

/** Whether it is said what trials run. */
export function hasSubject({ objective, command, model, dataset }: ImportRequest): boolean {
  return [objective, command, model, dataset].some((given) => given !== undefined);
}

/**
 * The header that `createStudy` would make of the request, with the file's trials as its first: objectives and space are
 * the file's wherever they can be.
 */
export async function headerByRequest(study: StudyInFile, request: Placed, file: string): Promise<StudyHeader> {
  const common: CreateStudyOptions = {
    ...storedSettings(study),
    ...defined(request),
    ...objectivesOf(study, request, file),
    defaults: false,
  };
  const header = await planned(study, common, file);
  requireSameDirections(study, header, file);
  const note = study.header?.["note"];
  return {
    ...header,
    created_at: study.created_at ?? header.created_at,
    user_attrs: study.user_attrs,
    ...(typeof note === "string" ? { note } : {}),
  };
}

/** What an exported header settles that no option does. */
function storedSettings({ header }: StudyInFile): Partial<CreateStudyOptions> {
  if (!header) return {};
  const { seed, sampler, pruner, settings } = header as unknown as Partial<StudyHeader>;
  const { trial_value, on_nan, on_duplicate, dry_run_pruner } = settings ?? ({} as Partial<StudySettings>);
  const rules = defined({ trial_value, on_nan, on_duplicate, dry_run_pruner });
  return { ...defined({ seed, sampler, pruner }), settings: rules };
}

async function planned(study: StudyInFile, common: CreateStudyOptions, file: string): Promise<StudyHeader> {
  if (common.objective !== undefined || common.command !== undefined) return overObjective(study, common);
  if (hasSubject(common)) return overModel(study, common);
  const { search = [], fix, params, ...rest } = common;
  if (fix !== undefined || params !== undefined)
    throw new UsageError("conflicting-options", "fix: only an objective's or a model's parameters are fixed");
  const space = common.space ?? declareSpace(study.space ?? {}, spaceRequests({ search })).space;
  if (study.space === null && Object.keys(space).length === 0 && study.trials.length > 0)
    throw new UsageError(
      "no-space",
      `${file} has no ranges: give each parameter's with --search NAME=RANGE, or say what goes on with --objective or --model`,
    );
  return (await planStudy({ ...rest, space })).header;
}

/** What the module exports as its space comes first; one without, and a program, gets the file's. */
async function overObjective({ space }: StudyInFile, common: CreateStudyOptions): Promise<StudyHeader> {
  try {
    return (await planStudy(common)).header;
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== "no-space" || space === null) throw error;
    return (await planStudy({ ...common, search: space })).header;
  }
}

/** The file's parameters are searched; what a model would search beside them keeps its default, as it had in the file's trials. */
async function overModel({ space }: StudyInFile, common: CreateStudyOptions): Promise<StudyHeader> {
  const { header } = await planStudy(common);
  if (space === null || common.search !== undefined) return header;
  const others = Object.keys(header.space).filter((name) => !Object.hasOwn(space, name));
  const fixed = fixTexts(common.fix);
  const settled = new Set(fixed.map((text) => text.split("=", 1)[0]));
  const search = Object.fromEntries(Object.entries(space).filter(([name]) => !settled.has(name)));
  return (await planStudy({ ...common, search, fix: [...fixed, ...others] })).header;
}

/** What a request fixes, as typed. */
function fixTexts(fix: CreateStudyOptions["fix"] = []): readonly string[] {
  return isList(fix) ? fix : Object.entries(fix).map(([name, value]) => `${name}=${String(value)}`);
}

function isList(fix: NonNullable<CreateStudyOptions["fix"]>): fix is readonly string[] {
  return Array.isArray(fix);
}

/** The file's objectives, unless they have no names there, or others are given. */
function objectivesOf(study: StudyInFile, request: ImportRequest, file: string): Partial<CreateStudyOptions> {
  const { metric, direction, directions, objectives } = request;
  const isGiven = metric !== undefined || objectives !== undefined;
  if (isGiven) return {};
  const isModel = request.objective === undefined && request.command === undefined && hasSubject(request);
  if (study.objectives)
    return isModel && isNameless(study.objectives) ? {} : { ...without, objectives: study.objectives };
  const names = study.metrics ?? ["value"];
  if (isModel && names[0] === "value") return {};
  const each = directions ?? (names.length === 1 && direction !== undefined ? [direction] : undefined);
  if (each === undefined)
    throw new UsageError(
      "wrong-direction",
      `${file} does not say which way is better: ${names.length === 1 ? "--direction minimize or maximize" : `--metric ${names.map((name) => `${name}:minimize`).join(",")}, or maximize`}`,
    );
  return { ...without, objectives: names.map((name, i) => ({ metric: name, ...(each[i] && { direction: each[i] }) })) };
}

const without = { direction: undefined, directions: undefined };

function isNameless(objectives: readonly StudyObjective[]): boolean {
  return objectives.length === 1 && objectives[0]?.metric === "value";
}

function requireSameDirections(study: StudyInFile, { objectives }: StudyHeader, file: string): void {
  const shown = (list: readonly StudyObjective[]): string => list.map(({ direction }) => direction).join(", ");
  if (study.objectives === null || shown(study.objectives) === shown(objectives)) return;
  throw new UsageError(
    "wrong-direction",
    `the objectives of ${file} are ${shown(study.objectives)}, and not ${shown(objectives)} (${objectives.map(({ metric }) => metric).join(", ")})`,
  );
}
