/** Studies made and planned as requests ask, in the host's thread wherever that can reach the storage. */
import { UsageError } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { MakeStudyRequest } from "./make-study.js";
import type { StudyThread } from "./off-thread.js";
import type { ThreadTasks } from "./study-thread.js";

/** What studies are made with. */
export interface StudyMakerOptions {
  readonly storage: StudyStorage;
  /** Where another thread finds the storage; null: nowhere. */
  readonly location: string | null;
  /** The folders that requests may name files in. */
  readonly allow: readonly string[];
  /** Whether requests may have a shell run a line. */
  readonly allowShell: boolean;
  readonly thread: StudyThread;
}

type Given = Readonly<Record<string, unknown>>;

/** Makes the studies of one storage. */
export class StudyMaker {
  readonly #options: StudyMakerOptions;

  constructor(options: StudyMakerOptions) {
    this.#options = options;
  }

  /** Makes a study, or finds it there. @throws UsageError `unknown-option`, and as `makeStudy`. */
  async create(given: Given): ReturnType<ThreadTasks["create"]> {
    return (await this.#tasks()).create(this.#request(given));
  }

  /** Says what a study would be. @throws UsageError `unknown-option`, and as `studyPlan`. */
  async plan(given: Given): ReturnType<ThreadTasks["plan"]> {
    return (await this.#tasks()).plan(this.#request(given));
  }

  /** Has a study search another space, or says what that would be. @throws UsageError `unknown-option`, and as `changeStudySpace`. */
  async changeSpace(given: Given, { dryRun }: { readonly dryRun: boolean }): ReturnType<ThreadTasks["changeSpace"]> {
    return (await this.#tasks()).changeSpace({ ...this.#request(given), dryRun });
  }

  /** A request for a study, for whoever reads its files. */
  #request(given: Given): MakeStudyRequest {
    for (const key of ["storage", "directory", "spaceChange"])
      if (Object.hasOwn(given, key))
        throw new UsageError("unknown-option", `a study: "${key}" is not for requests to say`);
    const { location, storage, allow, allowShell } = this.#options;
    return { options: { ...given, storage: location ?? storage }, allow, allowShell };
  }

  /** The thread makes studies; this one for a storage that no other can reach. */
  async #tasks(): Promise<Pick<ThreadTasks, "create" | "plan" | "changeSpace">> {
    const { location, thread } = this.#options;
    if (location === null) {
      const { changeStudySpace, makeStudy, studyPlan } = await import("./make-study.js");
      return { create: makeStudy, plan: studyPlan, changeSpace: changeStudySpace };
    }
    return {
      create: (request) => thread.run("create", request),
      plan: (request) => thread.run("plan", request),
      changeSpace: (request) => thread.run("changeSpace", request),
    };
  }
}
