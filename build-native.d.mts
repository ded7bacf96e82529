/** Types of build-native.mjs, for the tests. */
export interface Compiler {
  readonly command: readonly string[];
  readonly version: string;
}
export function systemCompiler(): Compiler | null;
export function compilerFlags(isa: string): string[];
export function nativeFile(folder: string): string;
export function buildNative(folder: string, compiler: Compiler | null): Promise<void>;
