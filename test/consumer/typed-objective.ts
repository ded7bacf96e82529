// An objective in TypeScript without a cast: parameters have the types of their space.
import { categorical, createStudy, defineObjective, ensureStudy, float, int } from "mlbench-hpo";
import type { Objective, ObjectiveTrial, ParamsOf, SearchSpace, Study } from "mlbench-hpo";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => undefined;

export const space = {
  rate: float(1e-4, 1e-1, { log: true }),
  width: int(1, 64),
  kind: categorical(["line", "curve"]),
  on: categorical([true, false]),
  bend: float(0, 1, { when: { kind: "curve" } }),
  turns: int(1, 3, { when: { kind: "curve" } }),
  sign: categorical([-1, 1], { when: { kind: "curve" } }),
};
holds<
  Same<
    ParamsOf<typeof space>,
    {
      readonly rate: number;
      readonly width: number;
      readonly kind: "line" | "curve";
      readonly on: boolean;
      readonly bend?: number;
      readonly turns?: number;
      readonly sign?: 1 | -1;
    }
  >
>();

const objective = defineObjective(space, async ({ params, suggestInt }) => {
  holds<Same<typeof params.kind, "line" | "curve">>();
  holds<Same<typeof suggestInt, ObjectiveTrial["suggestInt"]>>();
  return Math.log10(params.rate) ** 2 / params.width + (params.kind === "curve" ? (params.bend ?? 0) : 1);
});
export default objective;

export const mistakes = ({ params }: ObjectiveTrial<ParamsOf<typeof space>>): unknown => [
  // @ts-expect-error: only curves have a bend
  params.bend.toFixed(),
  // @ts-expect-error: no such parameter
  params.widht,
  // @ts-expect-error: no such choice
  params.kind === "circle",
];

// In a study of a program, with the space in place or from the objective.
const study = await createStudy({
  storage: "memory",
  space: { x: float(-1, 1), up: categorical(["a", "b"]) },
  seed: 1,
});
await study.optimize(
  (trial) => {
    holds<Same<typeof trial.params.x, number>>();
    holds<Same<typeof trial.params.up, "a" | "b">>();
    return trial.params.x ** 2;
  },
  { trials: 3 },
);
const kept = await createStudy({ storage: "memory", space: objective.space, seed: 1 });
await kept.optimize(objective, { trials: 3, callbacks: [(of: Study) => void of.stop()] });
const { study: ensured } = await ensureStudy({ storage: "memory", space, seed: 2 });
await ensured.optimize(({ params }) => params.rate * params.width, { trials: 3 });
// @ts-expect-error: an objective over other parameters
export const other = () => study.optimize((trial: ObjectiveTrial<{ y: number }>) => trial.params.y);
// @ts-expect-error: what is misspelt is told here as well
export const misspelt = () => createStudy({ storage: "memory", spce: space });

// Without types of their own: a plain space, none, and a plain objective.
const plain: SearchSpace = space;
export const plainStudy: Study = await createStudy({ storage: "memory", space: plain, seed: 1 });
const untyped: Objective = (trial) => Number(trial.params["rate"]);
await plainStudy.optimize(untyped, { trials: 2 });
await ensured.optimize(untyped, { trials: 2 });
export const studies: Study[] = [study, kept, ensured, await createStudy({ storage: "memory" })];
