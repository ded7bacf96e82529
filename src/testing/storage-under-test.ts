/** What the cases of the storage suite share: how a storage is made and used, states as data, a follower. */
import assert from "node:assert/strict";
import type { StudyEvent, StudyState } from "../core/index.js";
import { applyEvent, createStudyState } from "../core/index.js";
import type { LockOwner, StudyChange, StudyStorage, StudyWriter } from "../storage/storage.js";
import { header, life } from "./study-records.js";
import type { TestRunner } from "./runner.js";

/** A storage with nothing in it. */
export interface StorageUnderTest {
  readonly storage: StudyStorage;
  /** The same studies as another user of the storage sees them; the same object where there can be no other. */
  readonly other: StudyStorage;
  /** Removes what was stored. */
  dispose?(): void | Promise<void>;
}

/** A storage to be tried. */
export interface StorageCase {
  readonly name: string;
  /** Makes one with nothing in it, apart from all others; called for every case. */
  readonly make: () => StorageUnderTest | Promise<StorageUnderTest>;
  /** What it says of who writes a study that this process writes. @default anything */
  readonly owner?: Partial<LockOwner>;
}

/** Registers a case that is given a storage of its own. */
export type StorageIt = (name: string, body: (under: StorageUnderTest) => Promise<void>) => void;

/** Registers cases, each with a storage that is disposed of afterwards. */
export function withStorage({ it }: TestRunner, { make }: StorageCase): StorageIt {
  return (name, body) => {
    it(name, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.dispose?.();
      }
    });
  };
}

/** Appends a trial's whole life, waiting for each part. */
export async function appendLife(writer: StudyWriter, number: number, reports = 3): Promise<void> {
  for (const events of life(number, reports)) await writer.append(...events);
}

/** A state as plain data, with NaN told from null. */
export function plain(state: StudyState): unknown {
  const { header: head, trials, counts, unfinished, revision, annotations } = state;
  return { header: head, trials, counts, unfinished, revision, annotations: [...annotations] };
}

/** The state that a study begins with. */
export function beginning(name: string): StudyState {
  return createStudyState(header(name));
}

/** What people say about a trial. */
export function annotated(number: number, note: string, banned = false): StudyEvent {
  return { type: "trial-annotated", number, note, tags: ["seen"], banned };
}

/** Two objectives, as an Optuna study with `directions=["minimize", "maximize"]` has them. */
export const twoObjectives = {
  objectives: [
    { metric: "value_0", direction: "minimize" },
    { metric: "value_1", direction: "maximize" },
  ],
} as const;

/** Puts together what a follower is given; each event has to be the next one. */
export class Follower {
  readonly #changes: AsyncIterator<StudyChange>;
  state: StudyState;
  readonly events: StudyEvent[] = [];
  resets = 0;

  constructor(changes: AsyncIterable<StudyChange>, from: StudyState) {
    this.#changes = changes[Symbol.asyncIterator]();
    this.state = from;
  }

  /** Follows until a revision; gives the state there. */
  async until(revision: number): Promise<StudyState> {
    while (this.state.revision < revision) assert.ok(await this.next(), `ended before revision ${revision}`);
    return this.state;
  }

  /** One more change; false at the end. */
  async next(): Promise<boolean> {
    const step = await this.#changes.next();
    if (step.done) return false;
    const change = step.value;
    if (change.reset) {
      this.resets += 1;
      this.state = change.state;
      assert.equal(change.state.revision, change.revision);
    } else {
      assert.equal(change.revision, this.state.revision + 1);
      this.events.push(change.event);
      this.state = applyEvent(this.state, change.event);
    }
    return true;
  }
}
