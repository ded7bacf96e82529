import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { categorical, createStudyState, float, int, toPlainData } from "../../../src/core/index.js";
import type { Annotation, Distribution, ParamValue, SearchSpace, StudyState, Trial } from "../../../src/core/index.js";
import { readStudyJson, studyJson } from "../../../src/exchange/study-json.js";
import { readTrialCsv, trialCsv } from "../../../src/exchange/trial-csv.js";
import { header } from "../../../src/testing/study-records.js";
import { blankTrial } from "../../../src/core/index.js";
import { toRecords } from "../../../src/exchange/optuna/index.js";
import { exported, thereAndBack } from "./journals.js";

const number = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.integer(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, 0.1 + 0.2, 1e21, 5e-324),
);
const name = fc
  .oneof(
    fc.constantFrom("x", "train.lr", "a b", "toString", "NaN", "=1+1", "é\u2028", '"', "params.x", "-"),
    fc.string({ minLength: 1, maxLength: 6 }),
  )
  .filter((text) => text !== "__proto__" && text !== "optuna:system_attrs");
const text = fc.oneof(
  fc.constantFrom("NaN", "-Infinity", "\\NaN", "", "1", "true", "=HYPERLINK(1)", "@x", " a", 'a\r\nb,"c"', "\u2028"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const plain = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const data: fc.Arbitrary<unknown> = fc.oneof(
  plain,
  fc.array(plain, { maxLength: 3 }),
  fc.dictionary(name, fc.oneof(plain, fc.array(plain, { maxLength: 2 })), { maxKeys: 3 }),
);
const time = fc
  .date({ min: new Date(0), max: new Date("2099-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const metrics = fc.dictionary(name, number, { minKeys: 1, maxKeys: 3 });

const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  fc
    .tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }))
    .map(([low, span]) => float(low + 0, low + span)),
  fc.integer({ min: -20, max: 20 }).map((low) => int(low, low + 12, { step: 3 })),
  fc.constantFrom(
    float(1e-5, 0.1, { log: true }),
    float(0, 1, { step: 0.3 }),
    float(0, 0.9, { step: 0.15 }),
    int(1, 64, { log: true }),
  ),
  fc
    .uniqueArray(fc.oneof(text, fc.boolean(), fc.constant(null), fc.integer(), fc.constant(0.5)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((choices) => categorical(choices)),
);

/** A value of the distribution, by a number in [0, 1]. */
function valueAt(d: Distribution, u: number): ParamValue {
  if (d.type === "categorical")
    return d.choices[Math.min(d.choices.length - 1, Math.floor(u * d.choices.length))] as ParamValue;
  const step = d.step ?? 0;
  if (step === 0) return Math.min(d.high, d.low + u * (d.high - d.low)) + 0;
  return Math.min(d.high, d.low + Math.floor(u * ((d.high - d.low) / step + 1e-9)) * step) + 0;
}

/** Values that no space has, as trials of an earlier one have them. */
const stray = fc.constantFrom<ParamValue>("stray", 1e9, -1, null, false);

const drawnFrom = (space: SearchSpace) =>
  fc.record(
    Object.fromEntries(
      Object.entries(space).map(([key, d]) => [
        key,
        fc.oneof(
          { weight: 8, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((u) => valueAt(d, u)) },
          { weight: 1, arbitrary: stray },
        ),
      ]),
    ),
    { requiredKeys: [] },
  );

const reports = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 50 }), number, fc.integer({ min: 0, max: 5 })), {
    selector: ([step]) => step,
    maxLength: 5,
  })
  .map((list) => list.sort(([a], [b]) => a - b));

const trialIn = (space: SearchSpace, objectives: number): fc.Arbitrary<Partial<Trial>> =>
  fc
    .record({
      state: fc.constantFrom<Trial["state"]>("complete", "pruned", "failed", "running", "waiting"),
      values: fc.array(number, { minLength: objectives, maxLength: objectives }),
      params: drawnFrom(space),
      undeclared: fc.option(
        fc.tuple(
          name.filter((key) => !Object.hasOwn(space, key)),
          distribution,
          fc.double({ min: 0, max: 1, noNaN: true }),
        ),
        { nil: undefined },
      ),
      reports,
      ...{
        metrics: fc.record({ best: metrics, last: metrics }, { requiredKeys: [] }),
        constraints: fc.dictionary(name, number, { maxKeys: 2 }),
      },
      parts: nullable(
        fc.array(
          fc.record({
            fold: fc.array(
              text.filter((t) => t !== ""),
              { maxLength: 2 },
            ),
            seed: fc.nat(),
            values: fc.array(number, { minLength: objectives, maxLength: objectives }),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      ),
      ...{
        spread: nullable(number),
        started_at: nullable(time),
        finished_at: nullable(time),
        seconds: nullable(number),
      },
      ...{ seed: fc.nat(), attempt: fc.integer({ min: 1, max: 3 }), owner: nullable(text), slot: nullable(fc.nat()) },
      attempts: fc.array(
        fc.record({
          attempt: fc.nat(),
          started_at: nullable(time),
          ended_at: nullable(time),
          reason: text,
          intermediate: fc.constant([[1, NaN]] as const),
        }),
        { maxLength: 1 },
      ),
      lease: nullable(fc.record({ sha256: fc.constant("ab"), seconds: fc.nat() })),
      backend: nullable(fc.constantFrom("wasm", "cpu")),
      failure: nullable(
        fc.record({ class: fc.constantFrom("exception", "diverged", "interrupted"), message: text, where: text }),
      ),
      ...{ prune_reason: nullable(text), retries: fc.boolean(), user_attrs: fc.dictionary(name, data, { maxKeys: 3 }) },
      kernels: fc.option(fc.constantFrom("native", null), { nil: undefined }),
    })
    .map(({ reports: given, undeclared, retries, kernels, ...fields }) => {
      const finished = ["complete", "pruned", "failed"].includes(fields.state);
      return {
        ...fields,
        retry_of: retries ? -1 : null,
        spread: fields.parts === null ? null : fields.spread,
        values: fields.state === "complete" ? fields.values : null,
        finished_at: finished ? fields.finished_at : null,
        params: undeclared
          ? { ...fields.params, [undeclared[0]]: valueAt(undeclared[1], undeclared[2]) }
          : fields.params,
        ...(undeclared && { distributions: { [undeclared[0]]: undeclared[1] } }),
        intermediate: given.map(([step, value]) => [step, value] as const),
        seen: given.map(([, , seen]) => seen),
        ...(kernels === undefined ? {} : { kernels, isa: null }),
      } as Partial<Trial>;
    });

const annotation: fc.Arbitrary<Annotation> = fc.record({
  note: text,
  tags: fc.array(text, { maxLength: 2 }),
  banned: fc.boolean(),
});

const study: fc.Arbitrary<StudyState> = fc
  .record({
    space: fc.dictionary(name, distribution, { minKeys: 1, maxKeys: 3 }),
    objectives: fc.integer({ min: 1, max: 2 }),
  })
  .chain(({ space, objectives }) =>
    fc.record({
      ...{ space: fc.constant(space), objectives: fc.constant(objectives) },
      trials: fc.array(trialIn(space, objectives), { maxLength: 6 }),
      order: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
      user_attrs: fc.dictionary(name, data, { maxKeys: 2 }),
      note: fc.option(text, { nil: undefined }),
      annotations: fc.array(nullable(annotation), { maxLength: 6 }),
    }),
  )
  .map(({ space, objectives, trials, order, user_attrs, note, annotations }) => {
    const ended = trials.flatMap((trial, i) =>
      ["complete", "pruned", "failed"].includes(trial.state as string) ? i : [],
    );
    const places = ended.toSorted((a, b) => (order[a] as number) - (order[b] as number) || a - b);
    const records = trials.map((trial, i) => {
      const at = places.indexOf(i);
      const retry_of = trial.retry_of === null || i === 0 ? null : (order[i] as number) % i;
      return toPlainData(blankTrial(i, { ...trial, retry_of, finish_index: at === -1 ? null : at }), "a trial");
    });
    const several = ["loss", "cost"].map((metric, i) => ({ metric, direction: i ? "maximize" : "minimize" }) as const);
    const head = header("made", {
      space,
      objectives: objectives === 1 ? [{ metric: "value", direction: "maximize" }] : several,
      user_attrs: toPlainData(user_attrs, "attributes"),
      ...(note === undefined ? {} : { note }),
    });
    const noted = annotations.flatMap((one, i) => (one && i < records.length ? [[i, one] as const] : []));
    return createStudyState(head, records, { annotations: new Map(noted) });
  });

const withoutValues = (trials: readonly Trial[]) =>
  trials.map((trial) => {
    const { value: _derived, ...stored } = trial;
    return stored;
  });

test("a study that goes to Optuna and comes back is the same, field by field", async () => {
  const run = async (state: StudyState) => {
    const read = await thereAndBack(state);
    const { name: called, user_attrs, ...rest } = state.header;
    expect(read.name).toBe(called);
    expect(read.header).toEqual(rest);
    expect(read.user_attrs).toEqual(user_attrs);
    expect(read.objectives).toEqual(state.header.objectives);
    expect(withoutValues(read.trials)).toEqual(withoutValues(state.trials));
    expect(new Map(read.annotations)).toEqual(new Map(state.annotations));
    expect(read.trials.map(({ params }) => Object.keys(params))).toEqual(
      state.trials.map(({ params }) => Object.keys(params)),
    );
  };
  await fc.assert(fc.asyncProperty(study, run), { numRuns: 40 });
});

test("and so is one that is exported as JSON", () => {
  const run = (state: StudyState) => {
    const read = readStudyJson([...studyJson(state)].join(""));
    const { name: called, user_attrs, ...rest } = state.header;
    expect(read).toMatchObject({ name: called });
    expect(read?.header).toEqual(rest);
    expect(read?.user_attrs).toEqual(user_attrs);
    expect(read?.trials).toEqual(withoutValues(state.trials));
    expect(new Map(read?.annotations)).toEqual(new Map(state.annotations));
  };
  fc.assert(fc.property(study, run), { numRuns: 30 });
});

test("a CSV gives every trial back, and what people say of it", () => {
  const run = (state: StudyState) => {
    const read = readTrialCsv([...trialCsv(state, (parts) => parts.map((_, i) => String(i)))].join(""));
    expect(read.trials).toEqual(withoutValues(state.trials));
    // Without a column for notes nothing is noted.
    expect(new Map(read.annotations)).toEqual(new Map(state.annotations));
    expect(read.metrics).toEqual(state.header.objectives.map(({ metric }) => metric));
    expect(read.notes).toEqual([]);
  };
  fc.assert(fc.property(study, run), { numRuns: 30 });
});

test("no cell of a CSV begins as a formula does, but for numbers", () => {
  const run = (state: StudyState) => {
    const rows: string[][] = parse([...trialCsv(state, (parts) => parts.map((_, i) => String(i)))].join(""));
    const cells = rows.slice(1).flat();
    expect(cells.filter((cell) => /^[=+@\t\r-]/.test(cell) && Number.isNaN(Number(cell)))).toEqual([]);
  };
  fc.assert(fc.property(study, run), { numRuns: 20 });
});

test("a trial of an earlier space goes with what it was drawn from, as far as Optuna takes both in one study", async () => {
  const earlier = {
    space: { x: float(0, 1), lr: float(1e-4, 1e-2, { log: true }), gone: int(1, 9) },
    ...{ fixed: {}, conditions: {}, until: "2026-01-01T00:00:00.000Z", trials: 1 },
  };
  const space = { x: float(0.5, 2), lr: float(1e-3, 2e-2) };
  const state = createStudyState(header("changed", { space, earlier_spaces: [earlier] }), [
    blankTrial(0, { state: "complete", values: [1], params: { x: 0.25, lr: 5e-3, gone: 4 } }),
    blankTrial(1, { state: "complete", values: [2], params: { x: 1.5, lr: 1e-2 }, space_version: 1 }),
  ]);
  const study = await exported(state);
  const drawn = study.trials.map(({ distributions }) =>
    Object.fromEntries([...distributions].map(([name, { distribution }]) => [name, distribution])),
  );
  // Optuna refuses a later trial whose lr is linear where the first trial's is logarithmic.
  expect(drawn).toEqual([{ x: float(0, 1), lr: space.lr, gone: int(1, 9) }, space]);
  expect(toRecords(study).trials.map(({ params, space_version }) => [params, space_version])).toEqual(
    state.trials.map(({ params, space_version }) => [params, space_version]),
  );
});
