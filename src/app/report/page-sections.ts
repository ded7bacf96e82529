/** The sections of a report's page below its best trials: charts, trials, space, failures, notes, environment. */
import { stringifyJson } from "../../core/index.js";
import { earlierInWords } from "../views/earlier-in-words.js";
import { markup } from "./markup.js";
import type { Markup } from "./markup.js";
import type { NamedText, ReportData, ReportedParameter } from "./report-data.js";

/** Charts that want the whole width. */
const WIDE: ReadonlySet<string> = new Set([
  ...["intermediate", "parallel", "slice", "contour", "rank", "timeline", "forecast", "folds", "prediction"],
]);

/** A chart's place: the script draws into it, and makes its table when that is opened. */
function figureOf(
  { kind, title: whole, notes, height }: ReportData["plots"][number],
  index: number,
  name: string,
): Markup {
  // The page says which study it is of.
  const title = whole.startsWith(`${name}: `) ? sentence(whole.slice(name.length + 2)) : whole;
  return markup`<figure class="panel chart${WIDE.has(kind) && " wide"}" id="plot-${kind}" aria-labelledby="plot-${kind}-title">
<h3 id="plot-${kind}-title" class="user">${title}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Chart: ${title}"><div class="canvas" role="img" aria-label="${title}; the same as a table below" data-plot="${index}" data-height="${height}"></div></div>
<figcaption>${notes.length > 0 && markup`<ul class="muted">${notes.map((note) => markup`<li class="user">${note}</li>`)}</ul>`}
<details class="astable" data-plot="${index}"><summary>As a table<span class="visually-hidden">: ${title}</span></summary></details></figcaption>
</figure>`;
}

/** Begun with a capital, but for names such as `val_rmse`. */
function sentence(text: string): string {
  return /^\w*_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

export function chartSection({ plots, study }: ReportData): Markup | null {
  if (plots.length === 0) return null;
  return markup`<section id="charts" aria-labelledby="charts-title">
<h2 id="charts-title">Charts</h2>
<noscript><p>The charts and the table of trials need scripts, which this viewer does not run.</p></noscript>
<div class="charts">${plots.map((plot, i) => figureOf(plot, i, study.name))}</div>
</section>`;
}

/** The table's place, with what finds rows in it; the script fills both. */
export function trialSection({ trials }: ReportData): Markup {
  const none = trials.rows.length === 0 && markup`<p>There are no trials yet.</p>`;
  return markup`<section id="trials" aria-labelledby="trials-title">
<h2 id="trials-title">Trials</h2>
${none || markup`<div id="trial-table" class="panel"></div>`}
</section>`;
}

function pairTable(rows: readonly NamedText[], caption: string): Markup | null {
  if (rows.length === 0) return null;
  return markup`<div class="panel"><table class="pairs">
<caption>${caption}</caption>
<tbody>${rows.map(({ name, text }) => markup`<tr><th scope="row" class="user">${name}</th><td class="user">${text}</td></tr>`)}</tbody>
</table></div>`;
}

function spaceTable(space: readonly ReportedParameter[], caption: string): Markup {
  const hasConditions = space.some(({ when }) => when !== null);
  const rows = space.map(
    ({ name, distribution, when }) =>
      markup`<tr><th scope="row" class="user">${name}</th><td class="user">${distribution}</td>${
        hasConditions && markup`<td class="user">${when ?? "always"}</td>`
      }</tr>`,
  );
  return markup`<div class="panel scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr><th scope="col">parameter</th><th scope="col">distribution</th>${hasConditions && markup`<th scope="col">when</th>`}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** What was searched before, and what has become of the trials of then. */
function earlierSpaces({ earlier_spaces: spaces, study }: ReportData): Markup | null {
  if (spaces.length === 0 || !study.earlier_trials) return null;
  const sentences = earlierInWords(study.earlier_trials).map((text) => markup`<li class="user">${text}</li>`);
  const tables = spaces.map(({ space, until, trials }) =>
    spaceTable(space, `Searched until ${until.slice(0, 16).replace("T", " ")} UTC, when there were ${trials} trials`),
  );
  return markup`<p>The space was changed ${spaces.length === 1 ? "once" : `${spaces.length} times`}:</p>
<ul class="muted">${sentences}</ul>
<details class="panel fixed"><summary>What was searched before</summary>${tables}</details>`;
}

export function spaceSection(data: ReportData): Markup {
  const { space, fixed, settings, study } = data;
  const table =
    space.length === 0
      ? markup`<p>The space is not declared: trials suggest what they need.</p>`
      : spaceTable(space, "Search space");
  const attributes = Object.entries(study.user_attrs).map(([name, value]) => ({
    ...{ name, text: typeof value === "string" ? value : stringifyJson(value) },
  }));
  return markup`<section id="space" aria-labelledby="space-title">
<h2 id="space-title">Space and settings</h2>
${table}
${earlierSpaces(data)}
<div class="columns">${pairTable(settings, "Settings")}${pairTable(attributes, "Attributes")}</div>
${
  fixed.length > 0 &&
  markup`<details class="panel fixed"><summary>${data.earlier_spaces.length > 0 ? "What is fixed now" : "What is the same in every trial"} (${fixed.length} parameters)</summary>${pairTable(fixed, "Parameters that are fixed")}</details>`
}
</section>`;
}

export function failureSection({ failures }: ReportData): Markup | null {
  if (failures.length === 0) return null;
  const items = failures.map(
    ({ class: name, count, number, message, where }) =>
      markup`<li class="panel"><h3>${count} × ${name}</h3><p class="muted">first: trial ${number}${where !== "" && markup`, <span class="user">${where}</span>`}</p><pre class="user" tabindex="0">${message}</pre></li>`,
  );
  return markup`<section id="failures" aria-labelledby="failures-title">
<h2 id="failures-title">Failures</h2>
<ul class="plain">${items}</ul>
</section>`;
}

export function annotationSection({ annotations }: ReportData): Markup | null {
  if (annotations.length === 0) return null;
  const rows = annotations.map(
    ({ number, note, tags, banned }) =>
      markup`<tr><th scope="row">${number}</th><td>${banned && markup`<span class="tag failed">banned</span> `}${tags.map((tag) => markup`<span class="tag user">${tag}</span> `)}</td><td class="user">${note}</td></tr>`,
  );
  return markup`<section id="notes" aria-labelledby="notes-title">
<h2 id="notes-title">Notes on trials</h2>
<div class="panel scroll" tabindex="0" role="region" aria-label="Notes, tags and bans"><table><thead><tr><th scope="col">trial</th><th scope="col">tags</th><th scope="col">note</th></tr></thead><tbody>${rows}</tbody></table></div>
</section>`;
}

export function environmentSection({ environment, study, made_by }: ReportData): Markup {
  const rows = [...environment, { name: "report made by", text: made_by }, { name: "file", text: study.file }];
  return markup`<section id="environment" aria-labelledby="environment-title">
<h2 id="environment-title">Environment</h2>
${pairTable(rows, "Versions and machine")}
</section>`;
}
