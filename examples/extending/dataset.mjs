// A dataset: cells whose SOH is a random walk downwards, beside the temperature that drives it. A source only parses (here:
// makes) tables; windows, splits, normalisation and loaders come with the package.

export default function register({ datasets, parameter, z, createTables, createRng }) {
  const parameters = z.object({
    cells: parameter(z.number().int().min(2).max(100).default(4), { description: "how many cells" }),
    cycles: parameter(z.number().int().min(40).max(10_000).default(120), { description: "discharges per cell" }),
    fade: parameter(z.number().min(0).max(0.01).default(0.0015), { description: "mean loss of SOH a discharge" }),
    // Null is replaced by a seed derived from the run's before `load` is called.
    generator_seed: parameter(z.number().int().min(0).nullable().default(null), { description: "seed of the walks" }),
  });

  function walk(name, { cycles, fade, generator_seed }) {
    const rng = createRng(generator_seed, name);
    const [numbers, soh, features] = [[], [], []];
    for (let cycle = 1, health = 1; cycle <= cycles; cycle++) {
      const temperature = 20 + 10 * rng();
      health -= fade * (temperature / 25) * (0.5 + rng());
      numbers.push(cycle);
      soh.push(health);
      features.push(health, temperature);
    }
    return { cell: name, cycles: numbers, soh, features };
  }

  const source = {
    async load(params) {
      const names = Array.from({ length: params.cells }, (_, i) => `W${String(i + 1).padStart(3, "0")}`);
      return createTables({
        source: "random_walk",
        featureNames: ["soh", "temperature"],
        featureUnits: ["1", "°C"],
        provenance: "made by examples/extending/dataset.mjs",
        cells: names.map((name) => walk(name, params)),
      });
    },
  };

  datasets.register("random_walk", { summary: "SOH as a random walk downwards (example)", parameters })(source);
}
