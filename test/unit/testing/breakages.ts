/** Implementations with one thing wrong, given to a suite: it has to find them, and to let a sound one pass. */
import { expect, test } from "vitest";
import type { TestRunner } from "../../../src/testing/index.js";

/** Registers a suite's cases for an implementation. */
export type Register = (runner: TestRunner) => void;

/** What is wrong, the suite given it, and the cases of which one has to fail. */
export type Breakage = readonly [what: string, register: Register, which: RegExp];

interface Case {
  readonly name: string;
  readonly body: () => void | Promise<void>;
}

/** A test runner that keeps cases, to be run later. */
class CollectedCases implements TestRunner {
  readonly #cases: Case[] = [];
  #path: readonly string[] = [];

  readonly describe = (name: string, body: () => void): void => {
    const before = this.#path;
    this.#path = [...before, name];
    body();
    this.#path = before;
  };

  readonly it = (name: string, body: Case["body"]): void => {
    this.#cases.push({ name: [...this.#path, name].join(" > "), body });
  };

  /** Runs the cases whose name matches, in their order; gives the names of those that failed. */
  async failing(which: RegExp): Promise<string[]> {
    const failed: string[] = [];
    const chosen = this.#cases.filter(({ name }) => which.test(name));
    if (chosen.length === 0) throw new Error(`no case is called ${which}`);
    for (const { name, body } of chosen)
      try {
        await body();
      } catch (error) {
        failed.push(`${name}: ${(error as Error).message}`);
      }
    return failed;
  }
}

/** A case each: the suite finds what is wrong. */
export function finds(breakages: readonly Breakage[]): void {
  test.each(breakages)("%s", async (_what, register, which) => {
    const cases = new CollectedCases();
    register(cases);
    expect(await cases.failing(which)).not.toEqual([]);
  });
}

/** The suite lets what the breakages are made from pass: it is nothing else that they fail by. */
export function passes(register: Register, which = /./): void {
  test("(is sound, but for what is broken in it)", async () => {
    const cases = new CollectedCases();
    register(cases);
    expect(await cases.failing(which)).toEqual([]);
  });
}
