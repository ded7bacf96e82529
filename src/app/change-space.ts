/** A study's space changed: what is searched from now on, and what becomes of the trials so far. */
import { applyEvent, differenceInWords, UsageError } from "../core/index.js";
import type { KnownKeys, SpaceReplacement, StudyHeader, StudyState } from "../core/index.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyStorage } from "../storage/storage.js";
import { Study } from "../study/study.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { areRegistered, createComponents } from "./components.js";
import type { ParameterChange, PlannedReplacement, SpaceRequest } from "./next-space.js";
import { conditionsOf, relaidSpace, replacementFor, taskChanged } from "./next-space.js";
import { openStudyToWrite } from "./study.js";
import type { StudyDefinition } from "./study-definition.js";
import { completeTask, definitionDifferences } from "./study-definition.js";
import type { EarlierTrials } from "./views/space-history.js";
import { earlierTrials } from "./views/space-history.js";

/** What a change of a study's space came to. */
export interface SpaceChange {
  /** The parameters that are searched, or fixed, otherwise than before. */
  readonly changes: readonly ParameterChange[];
  /** What becomes of the trials so far. */
  readonly earlier: EarlierTrials;
}

/** How {@link changeSpace} goes about it. */
export interface ChangeOptions {
  /** Say what would change; change nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

/** The space that a study is to have; null where it is the one that it has. */
type Plan = (header: StudyHeader, base: string | null) => Promise<PlannedReplacement | null>;

const requestKeys: KnownKeys<SpaceRequest> = { search: true, fix: true, params: true, space: true };

/**
 * Has a study search another space from now on: ranges and choices, what is searched and what is fixed at which value.
 * What is not named stays. Earlier trials that fit the new space go on to inform the sampler (one that ran with a
 * parameter's fixed value counts with it when that is searched), the others are kept and left out.
 * @returns null where nothing changes
 * @throws UsageError `task-changed` for what would change more than what is searched, `unknown-study`, `unknown-option`, and
 * as `createStudy` for a request that cannot be; MlbenchError `being-optimized`, `study-locked` while somebody writes it.
 * @example
 * const change = await changeSpace({ name: "tuned", storage: "studies" }, { search: { "train.lr": "log:1e-6..1e-2" } });
 * change?.earlier.left_out; // 3
 */
export async function changeSpace(
  target: StudyTarget,
  request: SpaceRequest,
  options: ChangeOptions = {},
): Promise<SpaceChange | null> {
  requireKnownKeys("changeSpace", request, requestKeys);
  requireKnownKeys("changeSpace", options, { dryRun: true } satisfies KnownKeys<ChangeOptions>);
  const { storage, name } = await locate("changeSpace", target);
  const plan: Plan = async (header, base) => replacementFor(header, await relaidSpace(header, request, base));
  if (target instanceof Study) return carryOut(target, storage, plan, options);
  return changeStored(storage, name, plan, options);
}

/**
 * {@link changeSpace} to the space of a whole definition, which may differ in nothing else.
 * @throws as changeSpace.
 */
export async function changeSpaceTo(
  storage: StudyStorage,
  definition: Pick<StudyDefinition, "header" | "parameters" | "seedGiven">,
  options: ChangeOptions = {},
): Promise<SpaceChange | null> {
  const { header: wanted, parameters } = definition;
  return changeStored(
    storage,
    wanted.name,
    async (header) => {
      const others = definitionDifferences(header, definition, { respaced: true }).filter(
        ({ field }) => !field.startsWith("space") && !field.startsWith("task.params"),
      );
      if (others.length > 0) throw taskChanged(header.name, others.map(differenceInWords));
      const fixed = (completeTask(wanted, parameters).params ?? {}) as SpaceReplacement["before"]["fixed"];
      return replacementFor(header, { space: wanted.space, fixed, parameters, conditions: conditionsOf(parameters) });
    },
    options,
  );
}

async function changeStored(
  storage: StudyStorage,
  name: string,
  plan: Plan,
  options: ChangeOptions,
): Promise<SpaceChange | null> {
  if (options.dryRun) return planned(await storage.read(name), storage.baseDirectory(name), plan);
  // Opened first: nobody changes it between what is looked at and what is written.
  const study = await openStudyToWrite(storage, name, { work: "command" });
  try {
    return await carryOut(study, storage, plan, options);
  } finally {
    await study.close();
  }
}

async function carryOut(
  study: Study,
  storage: StudyStorage,
  plan: Plan,
  { dryRun = false }: ChangeOptions,
): Promise<SpaceChange | null> {
  const base = storage.baseDirectory(study.name);
  if (dryRun) return planned(study.state, base, plan);
  const found = await checked(study.header, base, plan);
  if (!found) return null;
  await study.replaceSpace(found.replacement);
  return { changes: found.changes, earlier: earlierTrials(study.state) as EarlierTrials };
}

async function planned(state: StudyState, base: string | null, plan: Plan): Promise<SpaceChange | null> {
  const found = await checked(state.header, base, plan);
  if (!found) return null;
  const after = applyEvent(state, { type: "space-changed", at: new Date().toISOString(), ...found.replacement });
  return { changes: found.changes, earlier: earlierTrials(after) as EarlierTrials };
}

/** A space that the study's sampler cannot serve is told before it is kept. */
async function checked(header: StudyHeader, base: string | null, plan: Plan): Promise<PlannedReplacement | null> {
  if (header.archived_at !== undefined)
    throw new UsageError(
      "study-archived",
      `study "${header.name}" is archived: \`mlbench-hpo study unarchive ${header.name}\` brings it back`,
    );
  const found = await plan(header, base);
  if (found && Object.keys(found.replacement.space).length > 0 && areRegistered(header, {}))
    (await createComponents(header)).sampler.checkSpace?.(found.replacement.space);
  return found;
}
