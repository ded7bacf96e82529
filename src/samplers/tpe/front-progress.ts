/** Which trials changed the front when they came, kept from ask to ask. */
import { covers } from "../../core/index.js";
import type { Direction, Losses, Trial } from "../../core/index.js";
import type { Observation } from "./encoding.js";
import { judgementOf } from "./judgement.js";

/** How things stood after a trial. */
interface Standing {
  readonly trial: Trial;
  readonly front: readonly Losses[];
  /** The least violation of all so far. */
  readonly least: number;
  readonly lowest: number;
  readonly observation: Observation;
}

/**
 * The trials with a value that is a new lowest one where they change the front, or come nearer to being feasible than
 * any before while none is: what the step's rule takes for a success. Only what comes after the first trial that was not
 * there at the last ask is gone through again; that is a matter of time alone.
 */
export class FrontProgress {
  readonly #standings: Standing[] = [];
  #directions = "";

  /** @param complete complete trials by number */
  of(complete: readonly Observation[], directions: readonly Direction[]): readonly Observation[] {
    const standings = this.#standings;
    const asked = directions.join(" ");
    if (asked !== this.#directions) standings.length = 0;
    this.#directions = asked;
    let known = 0;
    while (known < standings.length && isSame(standings[known] as Standing, complete[known])) known++;
    standings.length = known;
    for (const observation of complete.slice(known)) standings.push(after(standings.at(-1), observation, directions));
    return standings.map(({ observation }) => observation);
  }
}

function isSame({ trial }: Standing, observation: Observation | undefined): boolean {
  return observation !== undefined && observation.trial === trial && Object.isFrozen(trial);
}

function after(
  before: Standing | undefined,
  { trial, values }: Observation,
  directions: readonly Direction[],
): Standing {
  const { front = [], least = Infinity, lowest = 0 } = before ?? {};
  const { losses, violation } = judgementOf(trial, directions);
  // Behind a feasible trial the least is 0: nothing infeasible is nearer.
  const isNearer = violation < least;
  const joins = violation === 0 && !front.some((other) => covers(other, losses));
  const succeeds = violation > 0 ? isNearer : joins;
  const value = succeeds ? lowest - 1 : Infinity;
  return {
    trial,
    front: joins ? [...front.filter((other) => !covers(losses, other)), losses] : front,
    least: Math.min(least, violation),
    lowest: succeeds ? lowest - 1 : lowest,
    observation: { trial: { ...trial, value, values: [value] }, values },
  };
}
