/** Studies' trials as the service sends them in columns, for the tests of the dashboard. */
import * as fc from "fast-check";
import { blankTrial, categorical, float, int } from "../../../src/core/index.js";
import type { Annotation, SearchSpace, StudyObjective, Trial } from "../../../src/core/index.js";
import { rowsText } from "../../../src/service/columns/rows.js";
import type { Columns } from "../../../web/app/api/types.js";
import { ColumnStore } from "../../../web/app/columns/column-store.js";

export const space: SearchSpace = {
  "train.lr": float(1e-5, 1e-1, { log: true }),
  "model.hidden_size": int(8, 128),
  "train.optimizer": categorical(["adamw", "sgd", "7"]),
  "train.momentum": float(0, 1, { when: { "train.optimizer": "sgd" } }),
  "data.lr": float(0, 1),
  "model.bias": categorical([true, false]),
};
export const objectives: readonly StudyObjective[] = [{ metric: "val_rmse", direction: "minimize" }];

/** What is said of trials, by number. */
export type Annotations = ReadonlyMap<number, Annotation>;

/** As `GET …/columns` answers. */
export function columnsOf(
  trials: readonly Trial[],
  {
    annotations = new Map(),
    revision = 1,
    reset = true,
    size = trials.length,
    created_at = "2026-01-02T03:04:05.000Z",
  }: { annotations?: Annotations; revision?: number; reset?: boolean; size?: number; created_at?: string } = {},
): Columns {
  const rows = JSON.parse(rowsText(trials, annotations, objectives.length)) as Columns["rows"];
  return { revision, reset, size, created_at, objectives, parameters: space, rows };
}

/** The columns of some trials, taken in at once. */
export function storeOf(trials: readonly Trial[], annotations: Annotations = new Map()): ColumnStore {
  const store = new ColumnStore();
  store.load(columnsOf(trials, { annotations }));
  return store;
}

const unusual = fc.constantFrom(NaN, Infinity, -Infinity);
const number = fc.oneof(
  {
    weight: 6,
    // JSON has no -0.
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  },
  { weight: 1, arbitrary: unusual },
);
const small = fc.constantFrom(0, 0.001, 0.01, 0.5, 1, 7, 64);

/** The records of a study, in any state, by number. */
export const someTrials = (most = 30): fc.Arbitrary<Trial[]> =>
  fc
    .array(
      fc.record({
        state: fc.constantFrom("waiting" as const, "running", "complete", "pruned", "failed"),
        value: fc.oneof(small, number),
        lr: small,
        optimizer: fc.constantFrom("adamw", "sgd", "7"),
        momentum: fc.option(small),
        dataLr: fc.option(small),
        seconds: fc.option(small),
        mae: fc.option(number),
        bias: fc.boolean(),
        violation: fc.option(fc.constantFrom(-1, 0, 2, NaN)),
        owner: fc.option(fc.constantFrom("1@boot", "external")),
        started: fc.option(fc.integer({ min: 0, max: 2e12 })),
        steps: fc.nat({ max: 3 }),
      }),
      { maxLength: most },
    )
    .map((all) =>
      all.map((given, i): Trial => {
        const intermediate = Array.from({ length: given.steps }, (_, step) => [step + 1, given.value] as const);
        const isFinished = given.state !== "waiting" && given.state !== "running";
        return blankTrial(i, {
          ...{ state: given.state, intermediate, seen: intermediate.map(() => i) },
          ...(given.state === "complete" ? { values: [given.value], value: given.value } : {}),
          params: {
            ...{ "train.lr": given.lr, "train.optimizer": given.optimizer, "model.bias": given.bias },
            ...(given.momentum === null ? {} : { "train.momentum": given.momentum }),
            ...(given.dataLr === null ? {} : { "data.lr": given.dataLr }),
          },
          metrics: given.mae === null ? {} : { best: { val_mae: given.mae } },
          constraints: given.violation === null ? {} : { "parameters<=5": given.violation },
          ...{ seconds: given.seconds, owner: given.owner, finish_index: isFinished ? i : null },
          started_at: given.started === null ? null : new Date(given.started).toISOString(),
          failure: given.state === "failed" ? { class: "exception", message: "no", where: "epoch 1" } : null,
        });
      }),
    );

/** What is said of some of so many trials. */
export const someAnnotations = fc
  .array(
    fc.record({
      number: fc.nat({ max: 29 }),
      banned: fc.boolean(),
      tags: fc.subarray(["keep", "Good one", "x"]),
      note: fc.constantFrom("", "see"),
    }),
    { maxLength: 8 },
  )
  .map((all): Annotations => new Map(all.map(({ number: of, ...said }) => [of, said])));
