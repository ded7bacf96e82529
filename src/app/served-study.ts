/** Making a study at a service: a request of the library's as the API takes it. */
import { MlbenchError, UsageError } from "../core/index.js";
import type { RemoteStorage } from "../remote/storage.js";
import type {
  CreateStudyRequest,
  RespacedStudy,
  SpaceChangePlan,
  StudyDetail,
  StudyPlan,
} from "../service/schemas/studies.js";
import type { StudyStorage } from "../storage/storage.js";
import type { CreateStudyOptions } from "./create-study.js";

type Request = Omit<CreateStudyOptions, "storage">;

/** Keys that the API calls otherwise. */
const renamed: Readonly<Record<string, string>> = {
  config: "preset",
  defaultSpace: "default_space",
  forceDirection: "force_direction",
  pruneBy: "prune_by",
  reportPattern: "report_pattern",
  trialValue: "trial_value",
  onNan: "on_nan",
  onDuplicate: "on_duplicate",
  dryRunPruner: "dry_run_pruner",
  spaceChange: "space_change",
};

/** The request as a service takes it. @throws UsageError `not-remote`. */
export function servedRequest(request: Request): CreateStudyRequest {
  const {
    directory: _directory,
    from,
    terminator,
    config,
    ...given
  } = request as Request & {
    readonly config?: unknown;
  };
  if (config !== undefined && (typeof config !== "string" || /[/\\]|\.ya?ml$/i.test(config)))
    throw new UsageError(
      "not-remote",
      "--config: a service takes the name of a preset, such as nasa-lstm, and no file",
    );
  const body: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...given, config }))
    if (value !== undefined) body[renamed[key] ?? key] = value;
  if (from !== undefined) {
    const { name, top } = typeof from === "string" ? { name: from, top: undefined } : from;
    body["from"] = top === undefined ? name : { name, top };
  }
  if (terminator !== undefined)
    body["terminator"] =
      typeof terminator === "boolean"
        ? terminator
        : terminator.minTrials === undefined
          ? {}
          : { min_trials: terminator.minTrials };
  return body;
}

/** A study that a service has made, or had with the same settings. */
export interface ServedStudy {
  readonly study: StudyDetail;
  /** The study's page. */
  readonly file: string;
  readonly created: boolean;
}

/** The service behind a storage. @throws MlbenchError `no-service`. */
export function serviceOf(storage: StudyStorage): RemoteStorage {
  if (storage.service) return storage as RemoteStorage;
  throw new MlbenchError("no-service", "this storage is no service's");
}

/**
 * Has a service make a study.
 * @throws UsageError `study-exists`, `not-allowed`, `not-remote`, and what is wrong with the request.
 */
export async function createServedStudy(storage: StudyStorage, request: Request): Promise<ServedStudy> {
  const { client } = serviceOf(storage);
  const answer = await client.open("/studies", { body: servedRequest(request) });
  const study = (await answer.json()) as StudyDetail;
  return { study, file: storage.location(study.name), created: answer.status === 201 };
}

/** What a service would make. @throws as {@link createServedStudy}. */
export function planServedStudy(storage: StudyStorage, request: Request): Promise<StudyPlan> {
  return serviceOf(storage).client.json<StudyPlan>("/studies", { body: { ...servedRequest(request), dry_run: true } });
}

/**
 * Has a study of a service search another space from now on.
 * @returns the study, with what changed as `space_change`
 * @throws UsageError `task-changed`, and as {@link createServedStudy} | MlbenchError `being-optimized`.
 */
export async function changeServedSpace(storage: StudyStorage, request: Request): Promise<RespacedStudy> {
  return serviceOf(storage).client.json<RespacedStudy>("/studies", {
    body: { ...servedRequest(request), space_change: true },
  });
}

/** What would change. @throws as {@link changeServedSpace}. */
export function planServedSpaceChange(storage: StudyStorage, request: Request): Promise<SpaceChangePlan> {
  const body = { ...servedRequest(request), space_change: true, dry_run: true };
  return serviceOf(storage).client.json<SpaceChangePlan>("/studies", { body });
}
