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
  readonly values: Record<PlanField, number>;
}

/** Panels of four columns in steps of two, because the products write eight columns at a time. */
export const panelsOf = (columns: number): number => 2 * Math.ceil(columns / 8);

/**
 * Lays out one workspace: for each layer its plan, activations, packed weights and gradients. Row strides are a multiple
 * of four plus four, so that panels do not start at multiples of a power of two and fight for the same cache lines.
 */
export function layRecurrent(shape: RecurrentShape): { bytes: number; layout: (address: number) => LayerPlan[] } {
  const { batch: B, steps: T, cell } = shape;
  const stride = Math.ceil(B / 4) * 4 + 4;
  const gates = cell === "lstm" ? 4 : 3;
  let bytes = 0;
  const take = (count: number): number => {
    const at = bytes;
    bytes += Math.ceil(count / 64) * 64;
    return at;
  };
  const plans: { address: number; values: Record<PlanField, number> }[] = [];
  const absolute = new Set<PlanField>(planFields.slice(planFields.indexOf("x")) as PlanField[]);
  for (const step of ["stepX", "stepH", "stepG"] as const) absolute.delete(step);
  shape.units.forEach((H, l) => {
    const below = plans[l - 1]?.values;
    const F = l === 0 ? shape.features : (shape.units[l - 1] as number);
    const unit4 = Math.ceil(H / 4);
    const panel = stride * 16;
    const stepX = panelsOf(F) * panel;
    const stepH = panelsOf(H) * panel;
    const stepG = unit4 * 4 * panel;
    const address = take(PLAN_BYTES);
    const h = take((T + 1) * stepH);
    const values: Record<PlanField, number> = {
      ...{ T, B, F, H, stride, initial: 0, sequence: 0, chunk: Math.max(1, Math.round(256 / B)) },
      // A layer above reads the outputs below in place, from h[1] on, unless dropout makes a copy.
      x: below && !shape.dropout ? below.h + below.stepH : take(T * stepX),
      ...{ stepX, h, stepH, stepG },
      c: cell === "lstm" ? take((T + 1) * stepH) : 0,
      tc: cell === "lstm" ? take(T * stepH) : 0,
      g: take(T * stepG),
      w: take(unit4 * (F + H) * gates * 16),
      wh: take(panelsOf(H) * 4 * unit4 * 4 * gates * 4),
      wx: take(panelsOf(F) * 4 * unit4 * 4 * gates * 4),
      bias: take(unit4 * 64),
      biasH: take(unit4 * 64),
      // The gradient of the outputs; the layer above writes its input's gradient here.
      dy: take(T * stepH),
      dh: take(stepH),
      dc: take(stepH),
      dx: below ? below.dy : take(T * stepX),
      dWh: take(unit4 * 16 * unit4 * 16),
      dWx: take(unit4 * 16 * Math.ceil(F / 4) * 16),
      dBias: take(unit4 * 64),
    };
    plans.push({ address, values });
  });
  return {
    bytes,
    layout: (base) =>
      plans.map((plan) => {
        const values = { ...plan.values };
        for (const field of absolute) values[field] += base;
        return { address: plan.address + base, values };
      }),
  };
}

/** Writes a layer's plan into the kernels' memory. */
export function writePlan(i32: Int32Array, plan: LayerPlan): void {
  planFields.forEach((field, i) => (i32[(plan.address >> 2) + i] = plan.values[field]));
}
