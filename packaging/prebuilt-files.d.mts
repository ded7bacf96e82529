/** Types of prebuilt-files.mjs, for the tests. */
export interface Target {
  readonly name: string;
  readonly triple: string;
  readonly platform: string;
  readonly arch: string;
}
export const targets: readonly Target[];
export function prebuiltFile(root: string, name: string): string;
export function manifestFile(root: string): string;
export function hashOf(content: string | Uint8Array): string;
export function kernelsHash(root: string): string;
export function stateOfPrebuilds(root: string): { missing: string[]; wrong: string[] };
export function wrongWith(target: Target, file: string): string | null;
