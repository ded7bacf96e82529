/** What holds for every kind of plot, of whatever study. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Trial, TrialState } from "../../../src/core/index.js";
import { plotAsHtml } from "../../../src/plots/draw-html.js";
import { plotAsSvg } from "../../../src/plots/draw-svg.js";
import { describePlot, kinds, kindsFor, knownKinds } from "../../../src/plots/kinds.js";
import type { Plot } from "../../../src/plots/plot.js";
import type { PlotStudy } from "../../../src/plots/plot-study.js";
import { themeNames } from "../../../src/plots/theme.js";
import { trialOf } from "../../fixtures/trials.js";
import { pair, studyOf } from "./study.js";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const iso = (seconds: number): string => new Date(START + 1000 * seconds).toISOString();

/** A number as trials may have it. */
const number = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 1, 1e-9, 1e12) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
const state = fc.constantFrom<TrialState>("complete", "complete", "complete", "pruned", "failed", "running", "waiting");
const record = fc.record({
  ...{ state, values: fc.tuple(number, number), reports: fc.array(number, { maxLength: 5 }), constraint: number },
  ...{ lr: fc.double({ min: 1e-5, max: 1e-1, noNaN: true }), hidden: fc.integer({ min: 8, max: 128 }) },
  ...{ sgd: fc.boolean(), momentum: fc.double({ min: 0, max: 0.99, noNaN: true }) },
  ...{ slot: fc.option(fc.integer({ min: 0, max: 2 })), from: fc.integer({ min: 0, max: 999 }), lost: fc.boolean() },
});
type Drawn = typeof record extends fc.Arbitrary<infer T> ? T : never;

function trialFrom(drawn: Drawn, number: number, objectives: number): Trial {
  const { state: now, values, reports, constraint, slot, from } = drawn;
  const begun = now !== "waiting";
  return trialOf(
    number,
    {
      "train.lr": drawn.lr,
      "model.hidden_size": drawn.hidden,
      "train.optimizer": drawn.sgd ? "sgd" : "adamw",
      ...(drawn.sgd ? { "train.momentum": drawn.momentum } : {}),
    },
    {
      ...{ state: now, values: now === "complete" ? values.slice(0, objectives) : null, slot },
      ...{ intermediate: reports.map((value, i) => [i + 1, value] as const), seen: reports.map(() => 0) },
      ...{ constraints: number % 3 === 0 ? { c: constraint } : {}, metrics: { best: { val_mae: constraint } } },
      ...{ started_at: begun ? iso(from) : null, finished_at: begun && now !== "running" ? iso(from + 5) : null },
      ...(drawn.lost
        ? {
            attempt: 2,
            attempts: [
              { attempt: 1, started_at: iso(from - 9), ended_at: iso(from - 3), reason: "gone", intermediate: [] },
            ],
          }
        : {}),
    },
  );
}

const anyStudy = fc
  .record({ records: fc.array(record, { maxLength: 25 }), several: fc.boolean(), banned: fc.array(fc.nat(25)) })
  .map(({ records, several, banned }) => {
    const trials = records.map((drawn, i) => trialFrom(drawn, i, several ? 2 : 1));
    return studyOf(
      trials,
      several ? pair : {},
      banned.filter((number) => number < trials.length),
    );
  });

const allOf = (study: PlotStudy): Promise<Plot[]> =>
  Promise.all(kindsFor(study).map((kind) => describePlot(kind, study)));

/** What of a value is no plain JSON. */
function notJson(value: unknown, path = "option"): string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path}: ${value}`];
  if (value === null || typeof value === "string" || typeof value === "boolean") return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => notJson(item, `${path}[${i}]`));
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype)
    return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, item]) => notJson(item, `${path}.${key}`));
}

/** Tags that are not closed in their order; attributes are quoted. */
function notWellFormed(xml: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [tag, close, name, rest] of xml.matchAll(/<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*\/?>|<[^>]*>/g)) {
    if (name === undefined) wrong.push(tag);
    else if (close === "/") {
      if (open.pop() !== name) wrong.push(tag);
    } else if (!tag.endsWith("/>")) open.push(name);
    void rest;
  }
  return [...wrong, ...open];
}

const COUNTS = /^(?:\w+: )?Trials not drawn: (.*)\.$/;
/** How many trials the notes say are left out. */
const saidLeftOut = (notes: readonly string[]): number =>
  notes
    .flatMap((note) => COUNTS.exec(note)?.[1]?.match(/(?:^|, )\d+/g) ?? [])
    .reduce((sum, count) => sum + Number(count.replace(", ", "")), 0);

describe("every kind", () => {
  test("is an SVG that is well formed and without holes, of any study", async () => {
    await fc.assert(
      fc.asyncProperty(anyStudy, fc.constantFrom(...themeNames), async (study, theme) => {
        for (const plot of await allOf(study)) {
          const svg = await plotAsSvg(plot, theme);
          expect(notWellFormed(svg), plot.kind).toEqual([]);
          expect(svg.match(/NaN|undefined|Infinity|"@\w+"/g) ?? [], plot.kind).toEqual([]);
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  test("is plain JSON that has every trial, or says that it hasn't", async () => {
    await fc.assert(
      fc.asyncProperty(anyStudy, async (study) => {
        for (const plot of await allOf(study)) {
          expect(notJson(plot.option), plot.kind).toEqual([]);
          expect(new Set(plot.table.rows.map((row) => row.length)).size, plot.kind).toBeLessThanOrEqual(1);
          // These are of metrics, or of one trial.
          if (["importances", "edf", "hypervolume", "prediction", "forecast"].includes(plot.kind)) continue;
          const at = plot.table.columns.indexOf("trial");
          const drawn = new Set(plot.table.rows.map((row) => row[at])).size;
          expect(drawn + saidLeftOut(plot.notes), `${plot.kind}: ${plot.notes.join(" ")}`).toBe(
            study.trials.length + study.banned,
          );
        }
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test("of an empty study is a picture that says so", async () => {
    for (const plot of await allOf(studyOf([], pair))) {
      expect(plot.notes.join(" "), plot.kind).toMatch(/\bNo |is 0|0 trials|there is no/);
      expect(
        plot.table.rows.filter((row) => row.includes("trial")),
        plot.kind,
      ).toEqual([]);
    }
  });

  test("stays of a size that can be opened, of 3,000 trials", async () => {
    const trials = Array.from({ length: 3000 }, (_, i) =>
      trialFrom(
        {
          ...{ state: i % 10 === 0 ? "pruned" : "complete", values: [Math.sin(i) + 2, Math.cos(i)], constraint: -1 },
          ...{ reports: [3, 2.5, 2 + Math.sin(i)], lr: 1e-5 * 10 ** (i % 4), hidden: 8 + (i % 120), sgd: i % 2 === 0 },
          ...{ momentum: (i % 99) / 100, slot: i % 4, from: 2 * i, lost: false },
        },
        i,
        1,
      ),
    );
    const study = studyOf(trials);
    for (const plot of await allOf(study)) {
      const { length } = JSON.stringify(plot.option);
      expect(length, plot.kind).toBeLessThan(3e5);
      // What is not there is said, and stands in the table.
      if (length > 5e4) expect(plot.notes.join(" "), plot.kind).toMatch(/ are drawn/);
      // The table of a page ends after 1,000 rows.
      if (plot.kind === "slice") expect(plotAsHtml(plot).length).toBeLessThan(1.2e6);
    }
  });
});

test("a kind that a study does not have is refused, naming those that it has; so are options that a kind doesn't take", async () => {
  const study = studyOf([]);
  await expect(describePlot("pareto", study)).rejects.toThrow(
    /^plot pareto: it is of several objectives, and the study has one; "lab" can be drawn as history, intermediate, /,
  );
  const single = studyOf([], { space: { x: { type: "float", low: 0, high: 1, log: false, step: null } } });
  await expect(describePlot("contour", single)).rejects.toThrow("it is of pairs of parameters, and the study has 1");
  await expect(describePlot("paretto", study)).rejects.toThrow('no plot "paretto": did you mean "pareto"? there are');
  await expect(describePlot("timeline", study, { metric: "loss" })).rejects.toThrow(
    "plot timeline takes no metric: it takes width, height",
  );
  await expect(describePlot("history", study, { metric: "lose" })).rejects.toThrow(
    '--metric lose: no trial of "lab" has it: did you mean "loss"? there are loss',
  );
  await expect(describePlot("slice", study, { params: ["lrr"] })).rejects.toMatchObject({ code: "unknown-parameter" });
  await expect(describePlot("contour", study, { params: ["lr", "momentum", "optimizer"] })).rejects.toThrow(
    "plot contour: two parameters make a plot, got 3",
  );
});

test("every kind has one line that says what it is", () => {
  for (const kind of knownKinds) expect(kinds[kind]?.summary, kind).toMatch(/^[a-z].{10,70}[^.]$/);
});

test("what users call things ends neither a page's script nor its markup", async () => {
  const name = '</script><img src=x onerror="alert(1)">&@text';
  const trials = [0, 1].map((i) => trialOf(i, { [name]: i === 0 ? "@series1" : "]]>" }, { value: i }));
  const study = studyOf(trials, { name, space: {} });
  for (const kind of ["slice", "parallel"] as const) {
    const plot = await describePlot(kind, study);
    const html = plotAsHtml(plot);
    expect(html.match(/<img|alert\(1\)"/g) ?? []).toEqual([]);
    expect(html.match(/<script/g)).toHaveLength(3);
    const svg = await plotAsSvg(plot);
    expect(notWellFormed(svg)).toEqual([]);
    // A value that is called as a colour is stays what it is.
    if (kind === "slice") expect(svg).toContain(">@series1<");
  }
});
