/** What the sampler benchmark says: by problem against each peer, by family with a test over its problems, and the goals. */
import { mannWhitneyLess, median, vanElteren } from "../mann-whitney.mjs";

const LEVEL = 0.05;
const REAL = ["tables", "scikit-learn"];
const mean = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;

/** The goals for the new default against Optuna's TPE, and against the best peer of each problem. */
const goals = { share: 0.5, smooth: 0.7, real: 0.55, best: 0.4 };

/** In JSON a study without a value is null; it ranks behind all. */
const numbers = (values) => values.map((v) => v ?? Infinity);

/** Peers' values where ours ended, or where they were also looked at. */
function peerValues(peer, trials) {
  if (!peer) return null;
  if (peer.trials === trials) return numbers(peer.final);
  return peer.early && trials === 50 ? numbers(peer.early) : null;
}

/** The peer with the lowest median after so many trials: `{ name, values }`, null without one. */
function bestPeer(peers, trials) {
  const all = ["tpe", "cmaes", "gp"].map((name) => ({ name, values: peerValues(peers[name], trials) }));
  const known = all.filter(({ values }) => values !== null);
  return known.reduce((best, p) => (best === null || median(p.values) < median(best.values) ? p : best), null);
}

function compared(ours, theirs) {
  const [better, worse] = [mannWhitneyLess(ours, theirs), mannWhitneyLess(theirs, ours)];
  const verdict = worse.p < LEVEL ? "WORSE" : better.p < LEVEL ? "better" : "level";
  return { median: median(theirs), share: better.share, pBetter: better.p, pWorse: worse.p, verdict };
}

function rowOf({ id, family, trials, ours, cpuSeconds, peers }) {
  const final = ours.map((o) => o.final);
  const early = trials === 50 ? final : ours.map((o) => o.early);
  const against = {};
  for (const name of ["tpe", "cmaes"]) {
    const values = peerValues(peers[name], trials);
    if (values) against[name] = { values, ...compared(final, values) };
  }
  const gp = peerValues(peers.gp, 50);
  if (gp) against.gp = { values: gp, ...compared(early, gp) };
  const best = {};
  const last = bestPeer({ ...peers, gp: undefined }, trials);
  if (last) best.final = { peer: last.name, ...compared(final, last.values) };
  const first = gp ? bestPeer(peers, 50) : null;
  if (first) best.early = { peer: first.name, ...compared(early, first.values) };
  return { id, family, trials, median: median(final), ours: final, early, cpuSeconds, against, best };
}

function familyOf(name, rows) {
  const tpe = rows.filter((r) => r.against.tpe);
  const count = (verdict) => tpe.filter((r) => r.against.tpe.verdict === verdict).length;
  const of = {
    family: name,
    problems: tpe.length,
    better: count("better"),
    level: count("level"),
    worse: count("WORSE"),
  };
  if (tpe.length > 0) {
    const { share, pLower, pHigher } = vanElteren(tpe.map((r) => ({ a: r.ours, b: r.against.tpe.values })));
    const verdict = pHigher < LEVEL ? "WORSE" : pLower < LEVEL ? "better" : "level";
    Object.assign(of, { share, pBetter: pLower, pWorse: pHigher, verdict });
  }
  for (const when of ["final", "early"]) {
    const shares = rows.filter((r) => r.best[when]).map((r) => r.best[when].share);
    if (shares.length > 0) of[`best_${when}`] = { problems: shares.length, share: mean(shares) };
  }
  return of;
}

const three = (v) => v.toFixed(3).replace(/^0/, "");
const two = (v) => (v === undefined ? "   " : v.toFixed(2).replace(/^0/, "").padStart(3));
const p = (v) => (v === undefined ? "" : v < 0.001 ? v.toExponential(0) : v.toFixed(3).replace(/^0/, ""));
const number = (v) => (Number.isFinite(v) ? v.toPrecision(4) : "none").padStart(10);

function problemLine(r) {
  const peers = Object.entries(r.against).map(
    ([name, a]) =>
      `${name}${name === "gp" ? " (50)" : ""} ${number(a.median)} P ${two(a.share)} ${a.verdict.padEnd(6)}`,
  );
  return `  ${r.id.padEnd(32)} ours ${number(r.median)}  ${peers.join("  ")}`;
}

function familyLine(f) {
  const best = (of) => (of ? `${two(of.share)} (${of.problems})` : "-");
  const cells = [
    f.family,
    `${f.problems}`,
    two(f.share),
    `${f.better} / ${f.level} / ${f.worse}`,
    p(f.pBetter),
    p(f.pWorse),
    f.verdict ?? "-",
    best(f.best_final),
    best(f.best_early),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What is missed, in words; empty where all goals are met. */
export function missedGoals(families, rows) {
  const missed = [];
  for (const f of families) {
    if (f.verdict === "WORSE") missed.push(`${f.family}: worse (p ${p(f.pWorse)})`);
    const least = f.family === "smooth" ? goals.smooth : goals.share;
    if (f.share < least) missed.push(`${f.family}: mean P ${three(f.share)}, goal ${two(least)}`);
    for (const [when, words] of Object.entries({ best_final: "at the end", best_early: "after 50 trials" }))
      if (f[when]?.share < goals.best)
        missed.push(`${f.family}: mean P ${three(f[when].share)} against each problem's best peer ${words}, goal .40`);
  }
  const real = rows.filter((r) => REAL.includes(r.family) && r.against.tpe).map((r) => r.against.tpe.share);
  if (real.length > 0 && mean(real) < goals.real)
    missed.push(`tables and scikit-learn together: mean P ${three(mean(real))}, goal ${two(goals.real)}`);
  return missed;
}

/** The problems on which P against the best peer is below the goal, in words. */
function behindBest(rows) {
  const words = { final: "at the end", early: "after 50" };
  const all = rows.flatMap((r) => Object.entries(r.best).map(([when, b]) => ({ id: r.id, when: words[when], ...b })));
  const behind = all.filter(({ share }) => share < goals.best);
  return behind.map((b) => `${b.id} (${b.when}, ${b.peer}: ${two(b.share)})`);
}

/** @param results one a problem: `{ id, family, trials, ours, cpuSeconds, peers }`, peers as recorded. */
export function judge(results) {
  const rows = results.map(rowOf);
  const names = [...new Set(rows.map((r) => r.family))];
  const families = names.map((name) =>
    familyOf(
      name,
      rows.filter((r) => r.family === name),
    ),
  );
  const byProblem = names.flatMap((name) => [name, ...rows.filter((r) => r.family === name).map(problemLine)]);
  const missed = missedGoals(families, rows);
  const table = [
    "| family | problems | P(ours better than TPE) | better / level / worse | p(better) | p(worse) | | P, best peer at the end | P, best peer after 50 |",
    "|---|---|---|---|---|---|---|---|---|",
    ...families.map(familyLine),
  ];
  if (rows.length === 0) return { rows, families, lines: ["nothing was judged"] };
  const goal = missed.length === 0 ? ["all goals are met"] : ["missed goals:", ...missed.map((m) => `  ${m}`)];
  const behind = behindBest(rows);
  if (behind.length > 0) goal.push(`P below .40 against the best peer: ${behind.join(", ")}`);
  return { rows, families, lines: [...byProblem, "", ...table, "", ...goal] };
}
