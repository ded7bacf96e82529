/** Draws that complement those of their generation. */
import { dot, lengthOf } from "./vectors.js";

/** Shorter than this, a direction is the rounding of what was taken out of it. */
const NOTHING = 1e-9;

/**
 * The draw turned at right angles to the generation's other ones, its length kept (orthogonal sampling, Wang, Emmerich &
 * Bäck 2014): each is as likely as before, but together they go in n different directions before one is repeated.
 * @param z a standard normal draw; [n]
 * @param others those before it; after every n of them a new set of directions begins
 */
export function orthogonalTo(z: Float64Array, others: readonly Float64Array[]): Float64Array {
  const count = others.length % z.length;
  if (count === 0) return z;
  const basis: Float64Array[] = [];
  for (const other of others.slice(-count)) {
    const direction = without(other, basis);
    const length = lengthOf(direction);
    if (length > NOTHING) basis.push(direction.map((v) => v / length));
  }
  const turned = without(z, basis);
  const length = lengthOf(turned);
  if (length <= NOTHING) return z;
  const factor = lengthOf(z) / length;
  return turned.map((v) => v * factor);
}

/** What is left of a vector beside orthonormal ones. */
function without(x: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const left = x.slice();
  for (const b of basis) {
    const along = dot(left, b);
    for (let i = 0; i < left.length; i++) left[i] = (left[i] as number) - along * (b[i] as number);
  }
  return left;
}
