/** The tables of `models`: means over cells and seeds beside the baselines on the same windows. */
import { ENDS, keyOf } from "./models-plan.mjs";

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const sd = (numbers) => Math.sqrt(numbers.reduce((s, v) => s + (v - mean(numbers)) ** 2, 0) / (numbers.length - 1));
const FIGURES = ["rmse", "rmse_end", "mae", "rul", "further_rul"];
const isLife = (figure) => figure.endsWith("rul");
const show = (figure, value) => (isLife(figure) ? value.toFixed(1) : value.toFixed(4)).replace(/^0\./, ".");

/** A mean over the cells that have the figure; undefined where none has it. */
function overCells(values) {
  const known = values.filter((value) => value !== undefined && value !== null);
  return known.length === 0 ? undefined : mean(known);
}

/** One number a seed, each over all cells; seeds of which a run is missing or has diverged do not count. */
function bySeed(runs, pick) {
  return runs.flatMap((cells) => overCells(cells.map(pick)) ?? []);
}

function spread(figure, values, marks = "") {
  if (values.length === 0) return "-";
  const about = values.length > 1 ? ` ± ${show(figure, sd(values))}` : "";
  return `${show(figure, mean(values))}${about}${marks}`;
}

/** † not below `mean_change`, ‡ not below `ridge`. */
function marksOf(figure, values, baselines) {
  if (!figure.startsWith("rmse") || values.length === 0) return "";
  const worse = (name) => !(mean(values) < overCells(baselines.map((each) => each[name][figure])));
  return `${worse("mean_change") ? " †" : ""}${worse("ridge") ? " ‡" : ""}`;
}

/** The runs of a model as [seeds][cells], whole seeds alone, and what there is to say of the others. */
function runsOf(record, scene, { seeds, cells }) {
  const all = Array.from({ length: seeds }, (_, seed) =>
    cells.map((cell) => record.get(keyOf({ kind: "run", ...scene, cell, seed }))),
  );
  const flat = all.flat();
  const missing = flat.filter((run) => !run || run.state === "failed").length;
  const diverged = flat.filter((run) => run?.state === "diverged").length;
  const notes = [...(missing ? [`${missing} missing`] : []), ...(diverged ? [`${diverged} diverged`] : [])];
  const said = notes.length > 0 ? ` (${notes.join(", ")} of ${flat.length} runs)` : "";
  return { whole: all.filter((runs) => runs.every((run) => run?.state === "complete")), said };
}

function modelRow(record, scene, plan, baselines) {
  const { whole, said } = runsOf(record, scene, plan);
  const pair = (figure) =>
    ["best", "last"].map((epoch) => {
      const values = bySeed(whole, (run) => run[epoch][figure]);
      return spread(figure, values, marksOf(figure, values, baselines));
    });
  const flat = whole.flat();
  const of = (name, digits) => (flat.length === 0 ? "-" : mean(flat.map((run) => run[name])).toFixed(digits));
  return [`${scene.model}${said}`, ...FIGURES.flatMap(pair), of("bestEpoch", 0), of("seconds", 1)];
}

function baselineRow(name, baselines) {
  const cell = (figure) => {
    const value = overCells(baselines.map((each) => each[name][figure]));
    return value === undefined ? "-" : show(figure, value);
  };
  return [`*${name}*`, ...FIGURES.flatMap((figure) => [cell(figure), ""]), "", ""];
}

const line = (cells) => `| ${cells.join(" | ")} |`;

/** One dataset's table, horizon after horizon. */
function tableOf(record, dataset, plan) {
  const [end, further] = ENDS.map((eol) => `RUL ${eol}`);
  const heads = ["RMSE", "RMSE end", "MAE", end, further].flatMap((name) => [name, "last epoch"]);
  const rows = [];
  const seen = [];
  for (const horizon of plan.horizons) {
    const scored = plan
      .cellsOf(dataset)
      .map((cell) => record.get(keyOf({ kind: "baselines", dataset, horizon, cell })));
    if (scored.some((each) => !each?.baselines)) continue;
    const baselines = scored.map((each) => each.baselines);
    const own = { seeds: plan.seeds, cells: plan.cellsOf(dataset) };
    const models = plan.models.filter((model) => plan.has(model, horizon));
    for (const model of models)
      rows.push([`${horizon}`, ...modelRow(record, { dataset, horizon, model }, own, baselines)]);
    for (const name of Object.keys(baselines[0])) rows.push([`${horizon}`, ...baselineRow(name, baselines)]);
    const count = (of) => scored.map(of).reduce((a, b) => a + b, 0);
    seen.push(
      `H = ${horizon}: ${count((e) => e.seen[0])} and ${count((e) => e.seen[1])} of ${count((e) => e.windows)}`,
    );
  }
  if (rows.length === 0) return `### \`${dataset}\`\n\nNothing yet.\n`;
  const columns = ["H", "model", ...heads, "epoch", "s"];
  return [
    `### \`${dataset}\`\n`,
    ...[line(columns), line(columns.map(() => "---")), ...rows.map(line)],
    `\nWindows that see an end of life at ${ENDS.join(" and ")}: ${seen.join("; ")}.\n`,
  ].join("\n");
}

/** What the columns mean. */
const LEGEND = (
  plan,
) => `Means over the cells held out, ± standard deviation over the seeds (${plan.seeds}); SOH, and cycles for the error of remaining
life (RUL, mean absolute, over the windows that see an end of life at ${ENDS.join(", ")}; 0 at H = 1 by its definition). Of each pair of columns the first is the
epoch with the best RMSE **on the cell that is scored**, which flatters the model; beside it the last epoch. † is not better than
\`mean_change\`, ‡ not better than \`ridge\`, which choose nothing on that cell. \`epoch\` is the mean best one of ${plan.epochs}, \`s\` the
seconds of a run's epochs with ${plan.workers} of them at once.
`;

/** All tables in Markdown. */
export function tablesOf(record, plan) {
  return [LEGEND(plan), ...plan.datasets.map((dataset) => tableOf(record, dataset, plan))].join("\n");
}
