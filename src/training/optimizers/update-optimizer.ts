/** Optimizers whose arithmetic is an {@link Update} of the ops: the built-in ones. */
import type { Update, UpdateStep } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/tf.js";
import type { Optimizer, StepNumbers } from "./optimizer.js";

/** A rule's own numbers of a step. */
type OwnNumbers = Pick<UpdateStep, "betas" | "eps" | "momentum" | "nesterov">;

interface Known {
  readonly update: Update;
  readonly step: unknown;
  readonly numbers: (numbers: StepNumbers) => UpdateStep;
}

const known = new WeakMap<Optimizer, Known>();

/** An optimizer that is an update and nothing else. */
export function updateOptimizer(update: Update, own: OwnNumbers): Optimizer {
  const numbers = (given: StepNumbers): UpdateStep => ({ ...given, ...own });
  const step = (gradients: ReadonlyMap<string, Tensor>, given: StepNumbers): void => {
    update.step(gradients, numbers(given));
  };
  const optimizer: Optimizer = {
    step,
    state: () => update.state(),
    restore: (state) => update.restore(state),
    dispose: () => update.dispose(),
  };
  known.set(optimizer, { update, step, numbers });
  return optimizer;
}

/** The update behind a built-in optimizer; null for any other, and for one whose `step` was replaced. */
export function updateOf(optimizer: Optimizer): Pick<Known, "update" | "numbers"> | null {
  const found = known.get(optimizer);
  return found && optimizer.step === found.step ? found : null;
}
