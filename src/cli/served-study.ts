/** `create-study` at a service: what it made, or would make, in the words of a study made here. */
import { changeServedSpace, createServedStudy, planServedSpaceChange, planServedStudy } from "../app/served-study.js";
import type { ChangeableSpace } from "./space-change.js";
import type { CreateStudyOptions } from "../app/create-study.js";
import type { SpaceChange } from "../app/change-space.js";
import type { SearchSpace } from "../core/index.js";
import type { StudyPlan } from "../service/schemas/studies.js";
import type { StudyStorage } from "../storage/storage.js";
import { printNote, printNotice } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { printData } from "./render.js";
import { storageArgument } from "./study-ref.js";
import { typedProgram } from "./typed-program.js";

/** What is said beside a plan. */
export interface PlanRemarks {
  readonly config: string | null;
  readonly warnings: readonly string[];
}

/** How a study is made there. */
export interface ServedCreation {
  readonly io: CliIo;
  readonly format: OutputFormat;
  readonly storage: StudyStorage;
  /** The service, as it is shown. */
  readonly directory: string;
  /** The preset that the line stands on. */
  readonly base: { readonly name: string; readonly byItself: boolean } | null;
  /** Prints what would be made; null: it is made. */
  readonly printPlan: ((plan: StudyPlan, said: PlanRemarks) => Promise<void>) | null;
}

/** @throws UsageError `study-exists`, `not-allowed`, `not-remote`, and what is wrong with the request. */
export async function createServed(
  { io, format, storage, directory, base, printPlan }: ServedCreation,
  { storage: _storage, ...request }: CreateStudyOptions,
): Promise<void> {
  const config = base?.name ?? null;
  const sayByItself = (): void => {
    if (base?.byItself) printNote(io.stderr, `no option says what the study is: using preset ${base.name}`);
  };
  if (printPlan) {
    const plan = await planServedStudy(storage, request);
    sayByItself();
    if (format === "table") for (const warning of plan.warnings) printNotice(io.stderr, "warning", warning);
    return printPlan(plan, { config, warnings: plan.warnings });
  }
  const { study, file, created } = await createServedStudy(storage, request);
  sayByItself();
  const { name, seed, space } = study;
  const { unsearched } = await import("../app/study-warnings.js");
  const warnings = unsearched(study);
  if (format === "table") for (const warning of warnings) printNotice(io.stderr, "warning", warning);
  await printData(
    io,
    format,
    { study: name, file, seed, created, config, warnings },
    {
      table: () =>
        created
          ? `created study ${name}: ${file} (seed ${seed}, ${Object.keys(space).length} searched)`
          : `study ${name} is already there with the same settings: ${file}`,
      value: () => name,
    },
  );
  if (format !== "table") return;
  printNote(io.stdout, `next: ${typedProgram()} optimize ${name}${storageArgument(directory)} --trials 100`);
}

/** A study of a service whose space is changed there. */
export function servedSpace(
  storage: StudyStorage,
  { storage: _storage, ...request }: CreateStudyOptions,
): ChangeableSpace {
  return {
    plan: async () => (await planServedSpaceChange(storage, request)).space_change as SpaceChange | null,
    change: async () => {
      const { name, seed, space, space_change: change } = await changeServedSpace(storage, request);
      const header = { name, seed, space: space as SearchSpace };
      return { header, file: storage.location(name), change: change as SpaceChange | null, warnings: [] };
    },
  };
}
