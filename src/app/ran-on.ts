/** What the trials of a study ran on, by their records: the backend and the kernels that it keeps. */
import type { BackendName, KernelsName, Trial } from "../core/index.js";
import { kernelsNames } from "../tensor/kernels/select.js";

const backendNames: readonly BackendName[] = ["wasm", "cpu", "tensorflow"];

/** The backend that a trial ran on: `wasm/plain` was on wasm. */
export function backendOf({ backend }: Pick<Trial, "backend">): BackendName | undefined {
  const [name] = backend?.split("/") ?? [];
  return backendNames.find((known) => known === name);
}

/** The kernels that a trial ran with; records of earlier versions say it in `backend` alone (`wasm/plain`). */
export function kernelsOf({ kernels, backend }: Pick<Trial, "kernels" | "backend">): KernelsName | undefined {
  const name = kernels ?? backend?.split("/")[1];
  return kernelsNames.find((known) => known === name);
}

/** What the first trial to say so has. */
function firstOf<T>(trials: readonly Trial[], of: (trial: Trial) => T | undefined): T | undefined {
  for (const trial of trials) {
    const found = of(trial);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const keptBackend = (trials: readonly Trial[]): BackendName | undefined => firstOf(trials, backendOf);
export const keptKernels = (trials: readonly Trial[]): KernelsName | undefined => firstOf(trials, kernelsOf);
