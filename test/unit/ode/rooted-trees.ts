/** The order conditions of Runge-Kutta methods, from the rooted trees (Hairer, Norsett, Wanner, Solving ODEs I, II.2). */

/** A tree by the trees that hang on its root. */
export interface Tree {
  readonly children: readonly Tree[];
  readonly size: number;
  /** For an order of trees, so that each multiset of children is met once. */
  readonly index: number;
}

/** All rooted trees of up to `most` vertices, by their sizes. */
export function treesUpTo(most: number): Tree[][] {
  const bySize: Tree[][] = [[], [{ children: [], size: 1, index: 0 }]];
  let count = 1;
  for (let size = 2; size <= most; size++) {
    const smaller = bySize.flat();
    const found: Tree[] = [];
    const choose = (left: number, from: number, children: readonly Tree[]): void => {
      if (left === 0) return void found.push({ children, size, index: count++ });
      for (let i = from; i < smaller.length; i++) {
        const child = smaller[i] as Tree;
        if (child.size <= left) choose(left - child.size, i, [...children, child]);
      }
    };
    choose(size - 1, 0, []);
    bySize.push(found);
  }
  return bySize;
}

/** The tree's density: for a quadrature of order |tree| its elementary weight is 1 / density. */
export function density(tree: Tree): number {
  return tree.children.reduce((product, child) => product * density(child), tree.size);
}

type Rows = readonly (readonly number[])[];

/** The elementary weights of the stages: for each, the product over the children of a times theirs. */
function stageWeights(tree: Tree, a: Rows): number[] {
  const children = tree.children.map((child) => {
    const weights = stageWeights(child, a);
    return a.map((row) => row.reduce((sum, x, j) => sum + x * (weights[j] as number), 0));
  });
  return a.map((_, i) => children.reduce((product, child) => product * (child[i] as number), 1));
}

/** By how much the weights b miss the condition of a tree at the fraction x of a step. */
export function defect(tree: Tree, a: Rows, b: readonly number[], x = 1): number {
  const weights = stageWeights(tree, a);
  return b.reduce((sum, weight, i) => sum + weight * (weights[i] ?? 0), 0) - x ** tree.size / density(tree);
}

/** The largest miss over the trees of one size. */
export function largestDefect(trees: readonly Tree[], a: Rows, b: readonly number[], x = 1): number {
  return Math.max(...trees.map((tree) => Math.abs(defect(tree, a, b, x))));
}
