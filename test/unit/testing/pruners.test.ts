/** The suite of pruners finds what is wrong: implementations that each break one promise. */
import { describe } from "vitest";
import type { History, Trial } from "../../../src/core/index.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { prunerConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of pruners finds one that", () => {
  type Decide = Pruner["decide"];
  const lastOf = (trial: Trial): number => trial.intermediate.at(-1)?.[1] ?? NaN;
  const said = (trial: Trial, prune: boolean) => ({ prune, reason: `step ${trial.intermediate.at(-1)?.[0]}: so` });
  const better = ({ direction }: History, a: number, b: number): boolean => (direction === "minimize" ? a < b : a > b);
  const complete = (history: History): Trial[] => history.trials.filter(({ state }) => state === "complete");
  /** Worse at its last report than the best last report of the others. */
  const sound: Decide = (trial, history) =>
    said(
      trial,
      trial.intermediate.length > 0 && complete(history).some((other) => better(history, lastOf(other), lastOf(trial))),
    );
  const broken = (make: () => Decide): Register => {
    return (runner) => {
      prunerConformance(runner, { name: "broken", make: () => ({ name: "broken", decide: make() }) });
    };
  };
  // The cases about timing are not for it.
  passes(
    broken(() => sound),
    /(?<!below the warm-up.*|every interval.*|all-NaN.*)$/,
  );
  finds([
    ["minimizes always", broken(() => (t, h) => sound(t, { ...h, direction: "minimize" })), /maximizes as it/],
    ["prunes what has not reported", broken(() => (t, h) => ({ ...sound(t, h), prune: true })), /nothing is reported/],
    ["gives no reason", broken(() => (t, h) => ({ ...sound(t, h), reason: "bad" })), /names the step/],
    ["never prunes", broken(() => (t) => said(t, false)), /prunes a trial that is worse/],
    [
      "lets pruned trials vote",
      broken(
        () => (t, h) =>
          said(
            t,
            h.trials.some((other) => better(h, lastOf(other), lastOf(t))),
          ),
      ),
      /no vote/,
    ],
    [
      "looks at the latest trial",
      broken(() => (t, h) => said(t, better(h, lastOf(complete(h).at(-1) ?? t), lastOf(t)))),
      /order of the history/,
    ],
    [
      "remembers what it decided",
      broken(() => {
        let pruned = 0;
        return (t, h) => said(t, sound(t, h).prune && pruned++ % 2 === 0);
      }),
      /decides the same/,
    ],
    ["knows no warm-up", broken(() => sound), /never prunes a step below/],
    ["knows no interval", broken(() => sound), /checks every interval/],
    ["keeps a trial that is NaN throughout", broken(() => sound), /all-NaN/],
  ]);
});
