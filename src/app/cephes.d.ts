/** Types of what is used of `cephes` (its own are not named in its package's exports). */

declare module "cephes" {
  /** Fulfilled once its functions can be called. */
  export const compiled: Promise<void>;
  /** The quantile of Student's t with `df` degrees of freedom. */
  export function stdtri(df: number, p: number): number;
}
