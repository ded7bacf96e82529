/** The eigendecomposition of symmetric matrices: Householder's tridiagonal form, then implicit QL. */

/** Eigenvalues in ascending order, and the vectors as columns of a row-major matrix. */
export interface Eigen {
  /** [n] */
  readonly values: Float64Array;
  /** [n, n], row-major: `vectors[i * n + k]` is component i of the k-th vector. */
  readonly vectors: Float64Array;
}

/** QL needs two or three rounds an eigenvalue; more than this many are never seen on finite numbers. */
const MAX_ROUNDS = 60;

/**
 * Eigenvalues and orthonormal eigenvectors of a symmetric matrix (Golub & Van Loan, Matrix Computations, 8.3; Martin,
 * Reinsch & Wilkinson 1968). Costs about 9 n^3 operations.
 * @param matrix [n, n], row-major, of which the lower triangle is read
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const vectors = Float64Array.from(matrix);
  const diagonal = new Float64Array(n);
  const below = new Float64Array(n);
  tridiagonalise(vectors, n, diagonal, below);
  diagonalise(vectors, n, diagonal, below);
  return ascending(vectors, n, diagonal);
}

/**
 * Householder reflections from the last row upwards: `v` becomes the orthogonal matrix Q whose Q^T A Q has `diagonal`
 * on its diagonal and `below[1…]` beneath it.
 */
function tridiagonalise(v: Float64Array, n: number, diagonal: Float64Array, below: Float64Array): void {
  for (let i = n - 1; i > 0; i--) {
    const row = i * n;
    let scale = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(v[row + k] as number);
    if (i === 1 || scale === 0) {
      below[i] = v[row + i - 1] as number;
      diagonal[i] = 0;
      continue;
    }
    let h = 0;
    for (let k = 0; k < i; k++) {
      const x = (v[row + k] as number) / scale;
      v[row + k] = x;
      h += x * x;
    }
    const f = v[row + i - 1] as number;
    const g = f >= 0 ? -Math.sqrt(h) : Math.sqrt(h);
    below[i] = scale * g;
    h -= f * g;
    v[row + i - 1] = f - g;
    reflect(v, n, i, h, below);
    diagonal[i] = h;
  }
  accumulate(v, n, diagonal);
  below[0] = 0;
}

/** A := P A P of the leading i x i block for the reflection with the vector in row i; `below` serves as room. */
function reflect(v: Float64Array, n: number, i: number, h: number, below: Float64Array): void {
  const row = i * n;
  let along = 0;
  for (let j = 0; j < i; j++) {
    v[j * n + i] = (v[row + j] as number) / h;
    let g = 0;
    for (let k = 0; k <= j; k++) g += (v[j * n + k] as number) * (v[row + k] as number);
    for (let k = j + 1; k < i; k++) g += (v[k * n + j] as number) * (v[row + k] as number);
    below[j] = g / h;
    along += (below[j] as number) * (v[row + j] as number);
  }
  const half = along / (h + h);
  for (let j = 0; j < i; j++) {
    const f = v[row + j] as number;
    const g = (below[j] as number) - half * f;
    below[j] = g;
    for (let k = 0; k <= j; k++)
      v[j * n + k] = (v[j * n + k] as number) - f * (below[k] as number) - g * (v[row + k] as number);
  }
}

/** Multiplies the reflections out into Q, and takes the tridiagonal matrix's diagonal. */
function accumulate(v: Float64Array, n: number, diagonal: Float64Array): void {
  diagonal[0] = 0;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    if (diagonal[i] !== 0)
      for (let j = 0; j < i; j++) {
        let g = 0;
        for (let k = 0; k < i; k++) g += (v[row + k] as number) * (v[k * n + j] as number);
        for (let k = 0; k < i; k++) v[k * n + j] = (v[k * n + j] as number) - g * (v[k * n + i] as number);
      }
    diagonal[i] = v[row + i] as number;
    v[row + i] = 1;
    for (let j = 0; j < i; j++) {
      v[j * n + i] = 0;
      v[row + j] = 0;
    }
  }
}

/** Implicit QL with Wilkinson's shifts; rotations go into the columns of `v`. */
function diagonalise(v: Float64Array, n: number, d: Float64Array, below: Float64Array): void {
  const e = below;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++)
    for (let round = 0; ; round++) {
      let m = l;
      while (m < n - 1) {
        const size = Math.abs(d[m] as number) + Math.abs(d[m + 1] as number);
        if (Math.abs(e[m] as number) <= Number.EPSILON * size) break;
        m++;
      }
      if (m === l || round === MAX_ROUNDS) break;
      sweep(v, n, d, e, l, m);
    }
}

function sweep(v: Float64Array, n: number, d: Float64Array, e: Float64Array, l: number, m: number): void {
  let g = ((d[l + 1] as number) - (d[l] as number)) / (2 * (e[l] as number));
  let r = Math.hypot(g, 1);
  g = (d[m] as number) - (d[l] as number) + (e[l] as number) / (g + (g >= 0 ? r : -r));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * (e[i] as number);
    const b = c * (e[i] as number);
    r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      // the matrix falls apart here: the next round goes on with the upper part
      d[i + 1] = (d[i + 1] as number) - p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] as number) - p;
    r = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    for (let k = 0; k < n; k++) {
      const at = k * n + i;
      const x = v[at + 1] as number;
      const y = v[at] as number;
      v[at + 1] = s * y + c * x;
      v[at] = c * y - s * x;
    }
  }
  d[l] = (d[l] as number) - p;
  e[l] = g;
  e[m] = 0;
}

function ascending(v: Float64Array, n: number, d: Float64Array): Eigen {
  const order = Array.from(d.keys()).sort((a, b) => (d[a] as number) - (d[b] as number) || a - b);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    order.forEach((from, to) => {
      vectors[i * n + to] = v[i * n + from] as number;
    });
  return { values: Float64Array.from(order, (k) => d[k] as number), vectors };
}
