/** Runs once before all tests: many of them run what is in dist/, which must be what the sources make. */
import type { TestProject } from "vitest/node";
import { staleBuild } from "../build-stamp.mjs";

export default function requireBuild(project: TestProject): void {
  const wrong = staleBuild(project.config.root);
  if (!wrong) return;
  // One line, where an error thrown here would come with a stack and "no test files found".
  console.error(wrong);
  process.exit(1);
}
