/** The methods by their names: a file each. */
import type { Method } from "../method.js";
import { bosh3 } from "./bosh3.js";
import { dopri5 } from "./dopri5.js";
import { dopri8 } from "./dopri8.js";
import { esdirk54 } from "./esdirk54.js";
import { euler } from "./euler.js";
import { explicitAdams } from "./explicit-adams.js";
import { heun } from "./heun.js";
import { midpoint } from "./midpoint.js";
import { rk4 } from "./rk4.js";
import { tsit5 } from "./tsit5.js";

const all = [euler, midpoint, heun, rk4, explicitAdams, bosh3, dopri5, tsit5, dopri8, esdirk54] as const;

/** What `method` may be. */
export const solverNames = [
  "euler",
  "midpoint",
  "heun",
  "rk4",
  "explicit_adams",
  "bosh3",
  "dopri5",
  "tsit5",
  "dopri8",
  "esdirk54",
] as const;
/** A method. */
export type SolverName = (typeof solverNames)[number];

export const methods: ReadonlyMap<string, Method> = new Map(
  all.map((method): [string, Method] => [method.name, method]),
);
