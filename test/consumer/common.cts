/** CommonJS in TypeScript: `import` that the compiler makes `require` of, under every kind of module that Node has. */
import { createStudy, float, MedianPruner } from "mlbench-hpo";
import type { Trial } from "mlbench-hpo";
import { samplerConformance } from "mlbench-hpo/testing";

async function main(): Promise<void> {
  const space = { x: float(0, 1) };
  const study = await createStudy({ storage: "memory", space, seed: 1, pruner: new MedianPruner() });
  await study.optimize(({ params }) => params.x + 1, { trials: 5 });
  const trials: readonly Trial[] = study.trials;
  // @ts-expect-error: types are the package's, not any
  void study.noSuchThing;
  console.log(trials.length, typeof samplerConformance);
}

void main();
