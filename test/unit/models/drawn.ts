/** The tests' side of test/fixtures/training/generate.py: the same numbers from the same labels. */
function mix32(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashed(label: string, size: number): Uint32Array {
  let key = 0;
  for (const character of label) key = mix32(((key ^ character.charCodeAt(0)) + 0x9e3779b9) | 0);
  return Uint32Array.from({ length: size }, (_, i) => mix32((Math.imul(i, 0x9e3779b9) + key) | 0));
}

/** Numbers in [-scale, scale), float32. */
export function drawn(label: string, size: number, scale: number): Float32Array {
  return Float32Array.from(hashed(label, size), (h) => ((h >>> 8) * 2 ** -23 - 1) * scale);
}

/** A reference tensor as the fixture stores it: whole, or every `stride`-th number and 8 products with signs. */
export interface Summary {
  shape: number[];
  max: number;
  values: number[];
  stride?: number;
  products?: number[];
}

/**
 * The largest difference from the reference, relative to the reference's largest magnitude. Errors of a product add up
 * at most like independent ones: it is divided by the root of the number of entries.
 */
export function relativeError(found: ArrayLike<number>, reference: Summary): number {
  const { stride = 1, values, products = [], max } = reference;
  let worst = 0;
  values.forEach((value, i) => (worst = Math.max(worst, Math.abs((found[i * stride] ?? NaN) - value))));
  products.forEach((product, k) => {
    const signs = hashed(`sign${k}`, found.length);
    let sum = 0;
    for (let i = 0; i < found.length; i++) sum += ((signs[i] as number) & 1 ? 1 : -1) * (found[i] as number);
    worst = Math.max(worst, Math.abs(sum - product) / Math.sqrt(found.length));
  });
  const whole = reference.shape.reduce((a, b) => a * b, 1) === found.length;
  return whole && !Number.isNaN(worst) ? worst / (max || 1) : Infinity;
}
