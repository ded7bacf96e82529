/** Sobol' points: direction numbers, their scrambling, and the point of an index. */
import type { Rng } from "../../core/index.js";
import { INITIAL_DIRECTIONS } from "./sobol-directions.js";

/** Binary digits of a coordinate: points repeat after 2^30. */
export const SOBOL_BITS = 30;

/** One coordinate: what each binary digit of a point's Gray code adds (by exclusive or), and what all points start from. */
export interface SobolCoordinate {
  /** [30] integers below 2^30. */
  readonly directions: Int32Array;
  readonly shift: number;
}

/** How many coordinates there are direction numbers for. */
export const SOBOL_DIMENSIONS = INITIAL_DIRECTIONS.length + 1;

/**
 * The direction numbers of Joe and Kuo (2008, the set `new-joe-kuo-6`) for one coordinate, as in SciPy.
 * @param index from 0, below {@link SOBOL_DIMENSIONS}
 */
export function sobolCoordinate(index: number): SobolCoordinate {
  const directions = new Int32Array(SOBOL_BITS);
  const [polynomial, ...initial] = index === 0 ? [0] : (INITIAL_DIRECTIONS[index - 1] as readonly number[]);
  if (index === 0) directions.fill(1);
  else initial.forEach((m, i) => (directions[i] = m));
  const degree = initial.length;
  for (let i = degree; i < SOBOL_BITS && index > 0; i++) {
    let next = directions[i - degree] as number;
    for (let k = 1; k <= degree; k++)
      if (((polynomial as number) >> (degree - k)) & 1) next ^= (directions[i - k] as number) << k;
    directions[i] = next;
  }
  for (let i = 0; i < SOBOL_BITS; i++) directions[i] = (directions[i] as number) << (SOBOL_BITS - 1 - i);
  return { directions, shift: 0 };
}

/**
 * The same coordinate scrambled: its digits are multiplied by a random lower triangular matrix over {0, 1} with a
 * diagonal of ones, then a random number is added to them (Matousek 1998). Every elementary interval keeps its share of
 * the points, and each point alone is uniformly distributed.
 */
export function scrambled({ directions }: SobolCoordinate, rng: Rng): SobolCoordinate {
  const word = (bits: number): number => Math.floor(rng() * 2 ** bits);
  // row i decides digit i, counted from the most significant one, by the digits up to it
  const rows = Array.from({ length: SOBOL_BITS }, (_, i) => {
    const own = 1 << (SOBOL_BITS - 1 - i);
    return (word(i) << (SOBOL_BITS - i)) | own;
  });
  const multiplied = directions.map((v) =>
    rows.reduce((digits, row, i) => digits | (parity(v & row) << (SOBOL_BITS - 1 - i)), 0),
  );
  return { directions: multiplied, shift: word(SOBOL_BITS) };
}

function parity(word: number): number {
  let bits = word;
  for (const by of [16, 8, 4, 2, 1]) bits ^= bits >>> by;
  return bits & 1;
}

/** The coordinate of point `n` (modulo 2^30), in [0, 1). */
export function sobolAt({ directions, shift }: SobolCoordinate, n: number): number {
  const index = n % 2 ** SOBOL_BITS;
  let digits = shift;
  for (let bits = index ^ (index >>> 1), i = 0; bits !== 0; bits >>>= 1, i++)
    if (bits & 1) digits ^= directions[i] as number;
  return digits * 2 ** -SOBOL_BITS;
}
