/** CRC-32 of two texts one after the other, from the sums of each: as zlib's `crc32_combine`, which Node has not. */

/** The polynomial, its lowest power at the highest bit, without x^32. */
const POLYNOMIAL = 0xedb88320;
/** 1 and x, as polynomials are written here. */
const [ONE, X] = [0x80000000, 0x40000000];

/** The product of two polynomials modulo the one of the sum. */
function product(a: number, b: number): number {
  let [sum, shifted] = [0, b];
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) sum ^= shifted;
    shifted = (shifted & 1) !== 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return sum >>> 0;
}

/** x to the powers of 1, 2, 4, 8, … */
const powers = [X];
for (let i = 1; i < 64; i++) powers.push(product(powers[i - 1] as number, powers[i - 1] as number));

/** x to the power of 8 times a number of bytes: what so many zeros behind a text do to its sum. */
function shiftBy(bytes: number): number {
  let power = ONE;
  for (let [rest, i] = [bytes, 3]; rest > 0; rest = Math.floor(rest / 2), i++)
    if (rest % 2 === 1) power = product(powers[i] as number, power);
  return power;
}

/** The sum of a text with another behind it. @param length bytes of the second */
export function combinedSum(first: number, second: number, length: number): number {
  return (product(shiftBy(length), first) ^ second) >>> 0;
}
