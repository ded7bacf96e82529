/** The types of a space's parameters, for programs in TypeScript. */
import type { AlwaysActive, Params, ParamValue, SearchSpace } from "./distribution.js";

/** The values of a distribution: a number, or the union of a categorical's choices. */
export type ValueOf<D> = D extends { readonly type: "categorical"; readonly choices: readonly (infer C)[] }
  ? C
  : D extends { readonly type: "float" | "int" }
    ? number
    : ParamValue;

/**
 * The parameters of a space: each under its name and with its type, optional where a condition may leave it out. Of a
 * `SearchSpace` whose names are not known it is {@link Params}.
 * @example
 * const space = { width: int(1, 64), kind: categorical(["a", "b"]), slope: float(0, 1, { when: { kind: "a" } }) };
 * type Own = ParamsOf<typeof space>; // { width: number; kind: "a" | "b"; slope?: number }
 */
export type ParamsOf<S extends SearchSpace> = string extends keyof S
  ? Params
  : Readonly<
      { [K in keyof S as S[K] extends AlwaysActive ? K : never]: ValueOf<S[K]> } & {
        [K in keyof S as S[K] extends AlwaysActive ? never : K]?: ValueOf<S[K]>;
      }
    >;
