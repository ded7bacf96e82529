/** Passes over the windows that are predicted: batch by batch, the paths of every checkpoint beside one another. */
import type { Batch } from "../core/index.js";
import type { WindowSplit } from "../datasets/index.js";
import type { ForwardModel } from "../models/index.js";
import { pathBatches } from "./predict-paths.js";

/** One checkpoint and the windows that it is used on. */
export interface PredictionMember {
  /** A model of its own for one pass, which disposes it: a prediction that nobody reads holds no tensors. */
  readonly model: () => ForwardModel;
  /** Windows whose whole truth is known. */
  readonly known: WindowSplit;
  /** Each cell's newest window; null where no forecast is asked for. */
  readonly newest: WindowSplit | null;
}

/** Which of a member's windows. */
export type WindowKind = "known" | "newest";

/** Some windows and what is predicted for them; valid until the next one of its pass. */
export interface PredictedBatch {
  readonly kind: WindowKind;
  /** The first member's. */
  readonly batch: Batch;
  /** One a member: [B,H], SOH units. */
  readonly paths: readonly Float32Array[];
}

/** What is chosen of a pass. */
export interface PassOptions {
  readonly batchSize: number;
  /** @default both, known ones first */
  readonly kinds?: readonly WindowKind[];
  /** Cells by index; their windows alone. @default all */
  readonly cells?: ReadonlySet<number>;
}

function* kindPass(
  members: readonly PredictionMember[],
  models: readonly ForwardModel[],
  kind: WindowKind,
  { batchSize, cells }: PassOptions,
): Generator<PredictedBatch> {
  // All members have the same windows in the same order: they were cut at the ends that exist for the longest.
  const passes = members.map((member, m) => {
    const split = cells && member[kind] ? member[kind].ofCells(cells) : member[kind];
    return split ? pathBatches(models[m] as ForwardModel, split.loader({ batchSize })) : null;
  });
  for (;;) {
    const steps = passes.map((pass) => pass?.next());
    const [first] = steps;
    if (!first || first.done) return;
    yield {
      kind,
      batch: first.value.batch,
      paths: steps.map((step) => (step as IteratorYieldResult<{ path: Float32Array }>).value.path),
    };
  }
}

/** Predicts window after window; what is alive at a time is one batch a member. */
export function* predictedBatches(
  members: readonly PredictionMember[],
  options: PassOptions,
): Generator<PredictedBatch> {
  const models: ForwardModel[] = [];
  try {
    for (const member of members) models.push(member.model());
    for (const kind of options.kinds ?? (["known", "newest"] as const)) yield* kindPass(members, models, kind, options);
  } finally {
    for (const model of models) model.dispose();
  }
}
