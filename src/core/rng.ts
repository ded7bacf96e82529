/** Seeded random numbers: streams by seed and path. */
import type { Rng } from "./trial.js";

const MASK = (1n << 64n) - 1n;

/** SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection that scatters every input bit. */
function mix64(z: bigint): bigint {
  z = (z + 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** FNV-1a over the UTF-16 code units of a label. */
function hashLabel(label: string): bigint {
  let h = 0xcbf29ce484222325n;
  for (let i = 0; i < label.length; i++) h = ((h ^ BigInt(label.charCodeAt(i))) * 0x100000001b3n) & MASK;
  return h;
}

function foldKey(seed: number, path: readonly (string | number)[]): bigint {
  let key = mix64(BigInt.asUintN(64, BigInt(Math.trunc(seed))));
  for (const part of path)
    key = mix64(key ^ (typeof part === "number" ? mix64(BigInt.asUintN(64, BigInt(part))) : hashLabel(part)));
  return key;
}

/**
 * A seed (a non-negative integer below 2^53) derived from a seed and a path such as `(7, "init")`. Each stream (data,
 * split, init, shuffle, dropout, sampler, …) is derived on its own, so that drawing more from one moves no other.
 * @example
 * deriveSeed(7, "init");
 */
export function deriveSeed(seed: number, ...path: (string | number)[]): number {
  return Number(foldKey(seed, path) >> 11n);
}

/**
 * A generator of uniform numbers in [0, 1) with 53 bits, derived from a seed and a path: the same ones give the same
 * numbers in every process. xoshiro128** (Blackman, Vigna 2018), two draws a number.
 * @example
 * const rng = createRng(7, "walk", 3);
 * rng(); // in [0, 1)
 */
export function createRng(seed: number, ...path: (string | number)[]): Rng {
  const a = foldKey(seed, path);
  const b = mix64(a ^ 0xd1b54a32d192ed03n);
  let s0 = Number(a & 0xffffffffn) | 0;
  let s1 = Number(a >> 32n) | 0;
  let s2 = Number(b & 0xffffffffn) | 0;
  let s3 = Number(b >> 32n) | 0;
  if ((s0 | s1 | s2 | s3) === 0) s0 = 1;
  const next = (): number => {
    const r = Math.imul(s1, 5);
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };
  return () => (next() >>> 5) * 2 ** -27 + (next() >>> 6) * 2 ** -53;
}

/** A seed drawn from the platform's entropy: below 2^32, so that people can type it again. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}

/** Standard normal numbers from uniform ones (Marsaglia's polar method; the second of each pair is kept). */
export function createNormal(rng: Rng): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    let u: number, v: number, s: number;
    do {
      u = 2 * rng() - 1;
      v = 2 * rng() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const f = Math.sqrt((-2 * Math.log(s)) / s);
    spare = v * f;
    return u * f;
  };
}

/** Fisher-Yates, in place. */
export function shuffle<A extends { length: number; [index: number]: unknown }>(items: A, rng: Rng): A {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    const kept = items[i];
    items[i] = items[j];
    items[j] = kept;
  }
  return items;
}
