/** The table of `nested`: what the search's winner is worth on a cell that nobody chose by, beside the defaults and the baselines. */
import { meanInterval } from "../dist/app/student-t.js";

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
/** Differences and errors of SOH in thousandths: what differs stands in the third digit after the point. */
const show = (value) => (1000 * value).toFixed(2);
const signed = (value) => `${value > 0 ? "+" : ""}${show(value)}`;
const line = (cells) => `| ${cells.join(" | ")} |`;

/** By seed, each the mean over the cells; by cell, each the mean over the seeds. */
function margins(rows) {
  const bySeed = rows[0].map((_, seed) => mean(rows.map((row) => row[seed])));
  return { bySeed, byCell: rows.map(mean) };
}

/** Of differences [cell][seed]: the mean, its interval over seeds, and over cells in brackets of another kind. */
async function difference(rows) {
  const { bySeed, byCell } = margins(rows);
  const [seeds, cells] = [await meanInterval(bySeed), await meanInterval(byCell)];
  const said = seeds.high < 0 ? " better" : seeds.low > 0 ? " worse" : "";
  return `${signed(seeds.mean)} [${signed(seeds.low)}, ${signed(seeds.high)}]${said} (${signed(cells.low)}, ${signed(cells.high)})`;
}

async function spread(rows) {
  const { mean: of, sd } = await meanInterval(margins(rows).bySeed);
  return `${show(of)} ± ${show(sd)}`;
}

const minus = (a, b) => a.map((row, c) => row.map((value, seed) => value - b[c][seed]));

/** One search's row, from a result a cell. */
async function rowOf(results, single) {
  const [winner, defaults] = ["winner", "defaults"].map((who) => results.map(({ test }) => test[who]));
  /** The same for every seed. */
  const baseline = (name) => results.map(({ baselines, test }) => test.winner.map(() => baselines[`${name}_rmse`]));
  const over = (name) => minus(winner, baseline(name));
  return [
    ...[await spread(winner), await spread(defaults), show(mean(baseline("mean_change").flat()))],
    ...[show(mean(baseline("ridge").flat())), await difference(minus(winner, defaults))],
    ...[await difference(over("mean_change")), await difference(over("ridge"))],
    single
      ? await difference(
          minus(
            winner,
            single.map(({ test }) => test.winner),
          ),
        )
      : "",
  ];
}

const LEGEND = ({
  trials,
  epochs,
  seeds,
}) => `RMSE of SOH on the test cell, times 1,000; every cell is the test cell once, and the mean over the cells is shown, ± standard
deviation over ${seeds} fresh seeds of the retraining. *folds*: ${trials} trials of ${epochs} epochs with \`folds: "cells"\` over the other cells, then winner and
defaults trained on all of them, each for the number of epochs of its own mean curve. *one cell*: the same search with the last of the other
cells for validation, then both trained on what is left, the epoch chosen on that cell. Baselines are fitted on what the models were trained on
(\`ridge\` and \`linear\` with the winner's window). A difference's brackets hold the 95 % interval over the seeds (t, paired), by which *better* and *worse* are said; its
parentheses the one over the cells (t; each cell's mean over the seeds), which is what would speak for other cells.
`;

/** The table in Markdown. */
export async function tableOf(record, { models, horizons, datasets, cellsOf, keyOf, ...facts }) {
  const heads = ["H", "model", "search", "winner", "defaults", "`mean_change`", "`ridge`", "winner - defaults"];
  const columns = [...heads, "winner - `mean_change`", "winner - `ridge`", "folds - one cell"];
  const tables = [];
  for (const dataset of datasets) {
    const rows = [];
    for (const horizon of horizons)
      for (const model of models) {
        const [folds, single] = ["folds", "single"].map((search) =>
          cellsOf(dataset).map((cell) => record.get(keyOf({ dataset, horizon, model, search, cell }))),
        );
        const whole = (results) => results.every((result) => result?.state === "complete");
        for (const [name, results] of Object.entries({ folds, "one cell": single }))
          rows.push([
            ...[horizon, model, name],
            ...(whole(results)
              ? await rowOf(results, name === "folds" && whole(single) ? single : null)
              : ["missing", ...Array(7).fill("")]),
          ]);
      }
    tables.push([`### \`${dataset}\`\n`, line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n"));
  }
  const cells = Math.max(...datasets.map((dataset) => cellsOf(dataset).length));
  const caveat = `${cells} cells of one laboratory do not speak for others: the interval over seeds says how far this result would be the same on these cells with other initial
weights, after this one search a cell; the one over ${cells} cells has ${cells - 1} degrees of freedom, and its cells share their training data.\n`;
  return [LEGEND(facts), ...tables, `\n${caveat}`].join("\n");
}
