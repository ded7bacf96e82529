// A dataset of one's own: cells whose SOH falls in a sawtooth (fade, and a recovery after every rest). A source only
// parses (here: makes) tables; windows, splits, normalisation and loaders come with the package.
export default function register({ datasets, z, parameter, createTables }) {
  const parameters = z.object({
    cells: parameter(z.number().int().min(2).max(100).default(4), { description: "number of cells" }),
    cycles: parameter(z.number().int().min(40).max(10_000).default(120), { description: "discharges per cell" }),
    rest_every: parameter(z.number().int().min(2).default(15), { description: "discharges between rests" }),
  });

  const source = {
    async load({ cells, cycles, rest_every }) {
      return createTables({
        source: "sawtooth",
        featureNames: ["soh", "since_rest"],
        featureUnits: ["1", "cycles"],
        provenance: "made by examples/plugin-dataset.mjs",
        cells: Array.from({ length: cells }, (_, c) =>
          cell(`S${String(c + 1).padStart(2, "0")}`, c, cycles, rest_every),
        ),
      });
    },
  };

  function cell(name, index, cycles, restEvery) {
    const numbers = Array.from({ length: cycles }, (_, i) => i + 1);
    const sinceRest = numbers.map((n) => (n - 1) % restEvery);
    const fade = 0.0015 + 0.0003 * index;
    const soh = numbers.map((n, i) => 1 - fade * n + 0.02 * (1 - sinceRest[i] / restEvery));
    return { cell: name, cycles: numbers, soh, features: numbers.flatMap((_, i) => [soh[i], sinceRest[i]]) };
  }

  datasets.register("sawtooth", { summary: "fade with a recovery after every rest (example)", parameters })(source);
}
