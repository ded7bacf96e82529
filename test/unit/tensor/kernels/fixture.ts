import { readFileSync } from "node:fs";
import type { Summary } from "../../models/drawn.js";

export type Reference = Summary & { float32Error: number };

export interface RecurrentCase {
  kind: "lstm" | "gru";
  batch: number;
  steps: number;
  features: number;
  units: number;
  layers: number;
  gates: number;
  initial: boolean;
  sequence: boolean;
  tensors: Record<string, Reference>;
}

export interface DenseCase {
  activation: "linear" | "tanh" | "relu" | "gelu";
  batch: number;
  inputs: number;
  outputs: number;
  tensors: Record<string, Reference>;
}

export interface SpecialCase {
  kind?: "lstm" | "gru";
  value?: string;
  activation?: DenseCase["activation"];
  tensors: Record<string, (number | string)[]>;
}

interface Fixture {
  recurrent: RecurrentCase[];
  dense: DenseCase[];
  special: SpecialCase[];
}

const file = new URL("../../../fixtures/kernels/kernels.json", import.meta.url);
export const fixture = JSON.parse(readFileSync(file, "utf8")) as Fixture;

/** Fused float32: the larger of 2e-6 and twice PyTorch float32's own error. */
export const tolerance = (reference: Reference): number => Math.max(2e-6, 2 * reference.float32Error);
