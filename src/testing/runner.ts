/** What the conformance suites need of a test runner. */

/**
 * The two functions that a suite registers its cases with: those of `node:test`, Vitest, Jest or Mocha, as they are. A
 * case fails by throwing an `AssertionError` of `node:assert`.
 */
export interface TestRunner {
  /** Groups cases under a name. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Registers a case. */
  readonly it: (name: string, body: () => void | Promise<void>) => unknown;
}
