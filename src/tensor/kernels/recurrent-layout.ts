/** The layout of a recurrent stack's workspace: plans, activations, packed weights, gradients. */

/** The sizes of a recurrent stack; the key of its workspace. */
export interface RecurrentShape {
  readonly cell: "lstm" | "gru";
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  /** Units of each layer, from the input on. */
  readonly units: readonly number[];
  readonly dropout: boolean;
  /** No gradient is asked for: the gates of a step are nothing to the next. @default false */
  readonly forwardOnly?: boolean;
}

/** The fields of `Plan` in assembly/lstm.ts, in its order; four bytes each. */
const planFields = [
  ...["T", "B", "F", "H", "stride", "initial", "sequence", "chunk"],
  ...["x", "stepX", "h", "c", "tc", "stepH", "g", "stepG", "w", "wh", "wx", "bias", "biasH"],
  ...["dy", "dh", "dc", "dx", "dWh", "dWx", "dBias"],
] as const;
export type PlanField =
  | ("T" | "B" | "F" | "H" | "stride" | "initial" | "sequence" | "chunk")
  | ("x" | "stepX" | "h" | "c" | "tc" | "stepH" | "g" | "stepG" | "w" | "wh" | "wx" | "bias" | "biasH")
  | ("dy" | "dh" | "dc" | "dx" | "dWh" | "dWx" | "dBias");
export const PLAN_BYTES = planFields.length * 4;

/** One layer's plan: where it stands and what it holds. */
export interface LayerPlan {
  readonly address: number;
  /** Where the gradient of bias_hh stands; that of bias_ih is at `dBias`. */
  readonly dBiasH: number;
  readonly values: Record<PlanField, number>;
}

/** WebAssembly's panels come in steps of two, because its products write eight columns at a time. */
const panelsOf = (columns: number, lanes: number): number =>
  lanes === 4 ? 2 * Math.ceil(columns / 8) : Math.ceil(columns / lanes);

/** Columns of what belongs to the gates, and panels of the gates themselves. */
interface GateSizes {
  /** Of packed weights. */
  readonly weights: number;
  /** Of the bias and of gradients. */
  readonly gradients: number;
  readonly panels: number;
}

/**
 * In WebAssembly four panels for four units, one of them two parts of a GRU's; natively a matrix of its gates side by side,
 * for a GRU one for x and one for h (`../native/recurrent.h`).
 */
function gateSizes(cell: RecurrentShape["cell"], H: number, lanes: number): GateSizes {
  const unit4 = Math.ceil(H / 4);
  const gates = cell === "lstm" ? 4 : 3;
  if (lanes === 4) return { weights: unit4 * 4 * gates, gradients: unit4 * 16, panels: unit4 * 4 };
  const columns = Math.ceil((unit4 * 4 * gates) / lanes) * lanes;
  return { weights: columns, gradients: columns, panels: (columns / lanes) * (cell === "gru" ? 2 : 1) };
}

/**
 * Lays out one workspace: for each layer its plan, activations, packed weights and gradients. Row strides are a multiple
 * of four plus four, so that panels do not start at multiples of a power of two and fight for the same cache lines.
 */
export function layRecurrent(
  shape: RecurrentShape,
  lanes: number,
): { bytes: number; layout: (address: number) => LayerPlan[] } {
  const { batch: B, steps: T, cell } = shape;
  const stride = Math.ceil(B / 4) * 4 + 4;
  // Rows of one pass of the weight gradients, so that gates are still in the cache.
  const chunk = Math.max(1, Math.round((lanes === 4 ? 256 : 128) / B));
  let bytes = 0;
  const take = (count: number): number => {
    const at = bytes;
    bytes += Math.ceil(count / 64) * 64;
    return at;
  };
  const plans: { address: number; dBiasH: number; values: Record<PlanField, number> }[] = [];
  const absolute = new Set<PlanField>(planFields.slice(planFields.indexOf("x")) as PlanField[]);
  for (const step of ["stepX", "stepH", "stepG"] as const) absolute.delete(step);
  shape.units.forEach((H, l) => {
    const below = plans[l - 1]?.values;
    const F = l === 0 ? shape.features : (shape.units[l - 1] as number);
    const unit4 = Math.ceil(H / 4);
    const sizes = gateSizes(cell, H, lanes);
    const panel = stride * lanes * 4;
    const stepX = panelsOf(F, lanes) * panel;
    const stepH = panelsOf(H, lanes) * panel;
    const gates = sizes.panels * panel;
    const stepG = shape.forwardOnly ? 0 : gates;
    /** Of the way back. */
    const takeBack = (count: number): number => (shape.forwardOnly ? 0 : take(count));
    const ofH = cell === "gru" && lanes !== 4 ? sizes.gradients * 4 : 0;
    const address = take(PLAN_BYTES);
    const h = take((T + 1) * stepH);
    const values: Record<PlanField, number> = {
      ...{ T, B, F, H, stride, initial: 0, sequence: 0, chunk },
      // A layer above reads the outputs below in place, from h[1] on, unless dropout makes a copy.
      x: below && !shape.dropout ? below.h + below.stepH : take(T * stepX),
      ...{ stepX, h, stepH, stepG },
      c: cell === "lstm" ? take((T + 1) * stepH) : 0,
      tc: cell === "lstm" ? take(T * stepH) : 0,
      g: take(shape.forwardOnly ? gates : T * gates),
      w: take((F + H) * sizes.weights * 4),
      wh: takeBack(panelsOf(H, lanes) * lanes * sizes.weights * 4),
      wx: takeBack(panelsOf(F, lanes) * lanes * sizes.weights * 4),
      bias: take(sizes.gradients * 4),
      biasH: take(sizes.gradients * 4),
      // The gradient of the outputs; the layer above writes its input's gradient here.
      dy: takeBack(T * stepH),
      dh: takeBack(stepH),
      dc: takeBack(stepH),
      dx: below ? below.dy : takeBack(T * stepX),
      dWh: takeBack(unit4 * 4 * sizes.gradients * 4),
      dWx: takeBack(Math.ceil(F / 4) * 4 * sizes.gradients * 4),
      dBias: takeBack(sizes.gradients * 4 + ofH),
    };
    plans.push({ address, dBiasH: values.dBias + ofH, values });
  });
  return {
    bytes,
    layout: (base) =>
      plans.map((plan) => {
        const values = { ...plan.values };
        for (const field of absolute) values[field] += base;
        return { address: plan.address + base, dBiasH: plan.dBiasH + base, values };
      }),
  };
}

/** Writes a layer's plan into the kernels' memory, or as its first words elsewhere. */
export function writePlan(i32: Int32Array, { address, values }: LayerPlan, at = address >> 2): void {
  planFields.forEach((field, i) => (i32[at + i] = values[field]));
}

/** A layer's plan as the kernels read it. */
export function planWords(plan: LayerPlan): Int32Array {
  const words = new Int32Array(planFields.length);
  writePlan(words, plan, 0);
  return words;
}
