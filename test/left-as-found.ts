/** Of files that share a process: each leaves the environment and the folder as it found them, or fails itself in place of others. */
import { afterAll, expect } from "vitest";

const env = process.env;
const before = { ...env };
const folder = process.cwd();

afterAll(() => {
  // Another object in its place hides what is set later from `vi.stubEnv`, and from what C++ reads.
  expect(process.env, "process.env is another object: put back its names instead").toBe(env);
  expect(process.cwd(), "the folder").toBe(folder);
  const names = new Set([...Object.keys(before), ...Object.keys(env)]);
  const changed = [...names]
    // Loading TensorFlow sets its own once for the process, as it must.
    .filter((name) => env[name] !== before[name] && !name.startsWith("TF_"))
    .map((name) => [name, before[name], env[name]]);
  expect(changed, "what is left in process.env").toEqual([]);
});
