/**
 * The sampler benchmark's problems on our side, from problems.json: a space, and what a trial comes to. Tables and
 * scikit-learn's models are asked of the Python process that serves the peers' side of them.
 */
import { readFileSync } from "node:fs";
import { categorical, createRng, float, int } from "../../dist/core/index.js";
import { boxFunctions, levelOf, namedFunctions } from "./functions.mjs";

export const specs = JSON.parse(readFileSync(new URL("problems.json", import.meta.url), "utf8"));

const GOLDEN = 0.6180339887498949;

/** Where a box's function has its own origin: spread over the middle 70 % of each range; the origin without `at`. */
function optimumOf({ dims, low, high, at }) {
  const one = (i) => low + (0.15 + 0.7 * ((at + (i + 1) * GOLDEN) % 1)) * (high - low);
  return Array.from({ length: dims }, (_, i) => (at === undefined ? 0 : one(i)));
}

function distribution({ type, low, high, choices, ...options }) {
  return type === "categorical" ? categorical(choices, options) : { float, int }[type](low, high, options);
}

const spaceOf = (described) => Object.fromEntries(Object.entries(described).map(([k, d]) => [k, distribution(d)]));

function boxOf(spec) {
  const at = optimumOf(spec);
  const names = at.map((_, i) => `x${i}`);
  const width = spec.high - spec.low;
  const off = (params) => names.map((name, i) => params[name] - at[i]);
  const fails = ({ above, beyond } = {}, params) =>
    (above !== undefined && (params.x0 - spec.low) / width > above) ||
    (beyond !== undefined && Math.hypot(...off(params)) / width / Math.sqrt(at.length) > beyond);
  return {
    space: Object.fromEntries(names.map((name) => [name, float(spec.low, spec.high)])),
    value: (params) => (fails(spec.fails, params) ? null : boxFunctions[spec.f](off(params))),
  };
}

/** Two uniform numbers make a normal one (Box and Muller). */
const normal = (rng) => Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());

/** A function by formula with what is laid over it: levels, noise, a failing region. */
function made(spec) {
  const { space, value } = spec.space ? { space: spaceOf(spec.space), value: namedFunctions[spec.f] } : boxOf(spec);
  const truth = (params) => {
    const exact = value(params);
    return exact === null || !spec.levels ? exact : levelOf(exact, spec.levels);
  };
  const evaluate = (params, seed, number) => {
    const exact = truth(params);
    if (exact === null) return null;
    const noise = spec.noise ? spec.noise * normal(createRng(seed, "noise", number)) : 0;
    return { value: exact + noise, truth: exact };
  };
  return { ...spec, space, truth, evaluate };
}

/** Whether a problem lives on the Python side alone. */
export const isServed = (spec) => spec.table !== undefined || spec.estimator !== undefined;

async function served(spec, server) {
  const { space } = await server.ask({ problem: spec.id });
  const evaluate = async (params, seed, number) => {
    const { failed, value, truth } = await server.ask({ problem: spec.id, params, seed, number });
    return failed === undefined ? { value, truth } : null;
  };
  return { ...spec, space: spaceOf(space), evaluate };
}

/**
 * @param server what `startServer` gives; needed for tables and scikit-learn's models only.
 * @returns the spec with `space`, `evaluate(params, seed, number)` -> `{ value, truth }` or null for a trial that fails.
 */
export const problemOf = (spec, server) => (isServed(spec) ? served(spec, server) : made(spec));

/** @throws Error where a function differs from what the peers' side said of it, in more than its last digits. */
export function checkDefinition(spec, references) {
  const { truth } = made(spec);
  for (const { params, truth: theirs } of references) {
    const ours = truth(params);
    const same = theirs === null ? ours === null : Math.abs(ours - theirs) <= 1e-9 * Math.max(1, Math.abs(theirs));
    if (!same) throw new Error(`${spec.id}: ours ${ours}, the peers' ${theirs} at ${JSON.stringify(params)}`);
  }
}
