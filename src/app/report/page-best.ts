/** The beginning of a report's page: what study it is, its figures, and its best trials with how to have them again. */
import { duration, objectivesInWords, oneLine, shortNumber, timeText } from "../../core/index.js";
import type { Metrics, ParamValue } from "../../core/index.js";
import { baselineNames, ofPart } from "../views/verdict.js";
import { ownerInWords } from "../views/study-overview.js";
import { markup } from "./markup.js";
import type { Markup } from "./markup.js";
import type { ReportData, ReportedWinner } from "./report-data.js";

/** A parameter's value for people. */
const paramText = (value: ParamValue): string =>
  typeof value === "number" ? shortNumber(value, 5) : oneLine(String(value));

/** The title, what the study is, and the switch between light and dark. */
export function headSection({ study, revision }: ReportData): Markup {
  const { task, command, sampler, pruner, objectives } = study;
  const isModel = task.model !== undefined;
  const own = command ? "a program" : "an objective of one's own";
  const what = isModel ? `${[task.model ?? []].flat().join(", ")} on ${task.dataset}` : own;
  const note = study.note === "" ? null : markup`<p class="note user">${study.note}</p>`;
  return markup`<header>
<div class="title">
<p class="eyebrow">Study report</p>
<h1 class="user">${study.name}</h1>
<p class="lead">${what}: ${objectivesInWords(objectives, isModel)}, ${sampler.name} sampler, ${pruner.name} pruner</p>
${note}
<p class="muted">Created ${timeText(study.created_at)} · revision ${revision} · <span class="user">${study.file}</span></p>
</div>
<button type="button" id="theme" hidden>Dark</button>
</header>`;
}

function card(title: string, figure: string, below: string | null | false): Markup {
  return markup`<div class="card"><dt>${title}</dt><dd><span class="figure">${figure}</span>${
    below && markup`<span class="below">${below}</span>`
  }</dd></div>`;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function bestCard({ study, winners, feasible }: ReportData): Markup {
  const [first] = winners;
  if (!first) return card("Best", "–", "no trial is complete yet");
  if (study.objectives.length > 1) {
    const volume = study.hypervolume;
    const below = volume ? `hypervolume ${shortNumber(volume.value, 4)}` : null;
    return card("Pareto front", `${study.front?.length ?? 0} ${study.front?.length === 1 ? "trial" : "trials"}`, below);
  }
  const spread = first.spread === null ? "" : `± ${shortNumber(first.spread, 2)} over ${first.parts.length} parts; `;
  const where = `${study.objectives[0]?.metric ?? "value"}, trial ${first.number}${feasible ? "" : " (infeasible)"}`;
  return card("Best", shortNumber(first.values[0], 4), `${spread}${where}`);
}

function statesOf({ counts }: ReportData["study"]): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}

/** The figures that a study is looked at for first. */
export function overviewSection(data: ReportData): Markup {
  const { study, elapsed_seconds: elapsed, feasible } = data;
  const { owner, median_trial_seconds: median, best_per_minute: won, best } = study;
  const parameters = best?.parameters ?? null;
  const gain = study.front ? "hypervolume" : (study.objectives[0]?.metric ?? "value");
  const cards = [
    bestCard(data),
    card("Trials", String(study.trials), statesOf(study) || "none yet"),
    card(
      "Time in trials",
      duration(study.trial_seconds),
      elapsed !== null && `${duration(elapsed)} from first to last`,
    ),
    ...(median === null ? [] : [card("A trial", duration(median), "the median of the complete ones")]),
    ...(won === null
      ? []
      : [card("Best per minute", shortNumber(won.value, 3), `${gain} won a minute, in ${duration(60 * won.minutes)}`)]),
    ...(study.pruned_share === null || study.counts.pruned === 0
      ? []
      : [card("Pruned", percent(study.pruned_share), `${study.steps} steps run`)]),
    ...(parameters === null ? [] : [card("Weights", parameters.toLocaleString("en"), "trained by the best trial")]),
  ];
  const said = [
    data.verdict,
    data.certainty,
    !feasible && "No complete trial meets every constraint; what misses them least is shown as the best.",
    study.ended && `The study's terminator ended the search at ${study.ended.finished} trials: ${study.ended.reason}`,
    owner && `Being optimized while this was made, by ${ownerInWords(owner)}.`,
    ...study.findings.map(({ severity, message }) => `${severity}: ${oneLine(message)}`),
  ].filter((sentence) => typeof sentence === "string");
  return markup`<section id="overview" aria-label="Overview">
<dl class="cards">${cards}</dl>
${said.length > 0 && markup`<ul class="said">${said.map((sentence) => markup`<li class="user">${sentence}</li>`)}</ul>`}
${data.left_out.length > 0 && markup`<ul class="muted leftout">${data.left_out.map((sentence) => markup`<li class="user">${sentence}</li>`)}</ul>`}
</section>`;
}

/** The model beside the four baselines, on the same windows. */
function baselineTable({ number, metrics, baselines }: ReportedWinner): Markup | null {
  if (baselines === null) return null;
  const columns = [
    ["RMSE", "rmse"],
    ["RMSE at last step", "rmse_end"],
    ["MAE", "mae"],
  ] as const;
  const names = baselineNames.filter((name) => baselines[`${name}_rmse`] !== undefined);
  const least = Math.min(...names.map((name) => baselines[`${name}_rmse`] as number));
  const row = (name: string, of: (key: string) => number | undefined, isBest: boolean): Markup =>
    markup`<tr${isBest && markup` class="best"`}><th scope="row">${name}</th>${columns.map(
      ([, key]) => markup`<td class="number">${shortNumber(of(key))}</td>`,
    )}</tr>`;
  const own = ofPart(metrics, "rmse");
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="The best trial and the baselines"><table>
<caption>Beside the baselines, on the same windows</caption>
<thead><tr><th scope="col">model</th>${columns.map(([title]) => markup`<th scope="col" class="number">${title}</th>`)}</tr></thead>
<tbody>${row(`trial ${number}`, (key) => ofPart(metrics, key), own !== undefined && own < least)}
${names.map((name) => row(name, (key) => baselines[`${name}_${key}`], baselines[`${name}_rmse`] === least && !(own !== undefined && own < least)))}</tbody>
</table></div>`;
}

function pairs(rows: readonly (readonly [string, string])[], caption: string): Markup {
  return markup`<table class="pairs">
<caption>${caption}</caption>
<tbody>${rows.map(([name, text]) => markup`<tr><th scope="row" class="user">${name}</th><td class="user">${text}</td></tr>`)}</tbody>
</table>`;
}

function commandList({ reproduction }: ReportedWinner): Markup | null {
  if (reproduction.length === 0) return null;
  const items = reproduction.map(
    ({ what, command }) =>
      markup`<li><p>To ${what}:</p><div class="command"><pre tabindex="0"><code>${command}</code></pre><button type="button" class="copy" hidden>Copy</button></div></li>`,
  );
  return markup`<ul class="commands">${items}</ul>`;
}

function metricRows(metrics: Metrics): [string, string][] {
  return Object.entries(metrics).map(([name, value]) => [name, shortNumber(value, 5)]);
}

function partTable({ parts }: ReportedWinner, { study }: ReportData): Markup | null {
  if (parts.length === 0) return null;
  const rows = parts.map(
    ({ name, values }) =>
      markup`<tr><th scope="row" class="user">${name}</th>${values.map((value) => markup`<td class="number">${shortNumber(value, 5)}</td>`)}</tr>`,
  );
  const heads = study.objectives.map(({ metric }) => markup`<th scope="col" class="number user">${metric}</th>`);
  return markup`<details><summary>Each of its ${parts.length} parts</summary><div class="scroll" tabindex="0" role="region" aria-label="Parts"><table>
<thead><tr><th scope="col">part</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

function winnerArticle(winner: ReportedWinner, data: ReportData): Markup {
  const { objectives } = data.study;
  const values = objectives.map(({ metric }, i) => `${metric} ${shortNumber(winner.values[i], 5)}`).join(", ");
  const params = Object.entries(winner.params).map(([name, value]) => [name, paramText(value)] as const);
  return markup`<article class="panel">
<h3>Trial ${winner.number}: <span class="user">${values}</span></h3>
${winner.infeasible !== "" && markup`<p class="warn user">${winner.infeasible}</p>`}
<div class="columns three">
<div>${pairs(params, "Parameters")}</div>
<div>${pairs(metricRows(winner.metrics), "Metrics")}</div>
<div>${baselineTable(winner)}</div>
</div>
${partTable(winner, data)}
${commandList(winner)}
</article>`;
}

/** The best trial, or the front: its first trials open, the others to be opened. */
export function bestSection(data: ReportData): Markup | null {
  const { winners, study, feasible } = data;
  const [first, ...others] = winners;
  if (!first) return null;
  const several = study.objectives.length > 1;
  const title = !feasible ? "The trial that misses the constraints least" : several ? "Pareto front" : "Best trial";
  const more = others.map(
    (winner) =>
      markup`<details class="winner"><summary>Trial ${winner.number}: <span class="user">${study.objectives
        .map(({ metric }, i) => `${metric} ${shortNumber(winner.values[i], 4)}`)
        .join(", ")}</span></summary>${winnerArticle(winner, data)}</details>`,
  );
  return markup`<section id="best" aria-labelledby="best-title">
<h2 id="best-title">${title}</h2>
${winnerArticle(first, data)}
${more}
</section>`;
}
