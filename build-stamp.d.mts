/** Types of build-stamp.mjs, for the tests. */
export function filesUnder(directory: string): string[];
export function sourceHash(root: string): string;
export function clearStamp(root: string, of?: "build" | "types"): void;
export function writeStamp(root: string, hash: string, of?: "build" | "types"): void;
export function staleBuild(root: string): string | null;
export function staleTypes(root: string): string | null;
