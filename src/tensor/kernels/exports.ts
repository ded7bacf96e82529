/** The functions of the kernels, native and WebAssembly alike. */

/**
 * Addresses are byte offsets into the kernels' memory; see the functions' comments in `../assembly`. Panels have 4 columns
 * there and 16 in `../native`, whose gates also stand in another order; what each packs, it unpacks itself.
 */
export interface KernelExports {
  tanhArray(source: number, target: number, n: number): void;
  sigmoidArray(source: number, target: number, n: number): void;
  toPanels(source: number, pitch: number, rows: number, columns: number, target: number, stride: number): void;
  fromPanels(source: number, stride: number, rows: number, columns: number, target: number, pitch: number): void;
  packUnits(w: number, H: number, K: number, gates: number, target: number, k0: number, blockK: number): void;
  packUnitRows(w: number, H: number, N: number, gates: number, rotate: number, target: number): void;
  packColumns(b: number, K: number, N: number, target: number): void;
  packRows(w: number, N: number, K: number, target: number): void;
  packBias(first: number, second: number, H: number, gates: number, target: number): void;
  unpackUnitRows(
    ...args: [
      ...[source: number, H: number, N: number, gates: number, shift: number, modulus: number],
      ...[columns: number, target: number],
    ]
  ): void;
  gemmPanels(
    ...args: [
      ...[a: number, strideA: number, b: number, bias: number, c: number, strideC: number],
      ...[rows: number, K: number, N: number, accumulate: number],
    ]
  ): void;
  gemmTransposed(
    ...args: [
      ...[a: number, stepA: number, columnsA: number, b: number, stepB: number, columnsB: number, stride: number],
      ...[rows: number, steps: number, c: number, accumulate: number],
    ]
  ): void;
  lstmForward(plan: number): void;
  lstmBackward(plan: number): void;
  lstmInputGradient(plan: number): void;
  gruForward(plan: number): void;
  gruBackward(plan: number): void;
  gruInputGradient(plan: number): void;
  dropoutPanels(
    ...args: [
      ...[source: number, target: number, step: number, T: number, B: number, H: number, stride: number],
      ...[key: number, threshold: number, kept: number],
    ]
  ): void;
  activatePanels(kind: number, y: number, d: number, rows: number, columns: number, stride: number): void;
  multiplyPanels(dy: number, d: number, rows: number, columns: number, stride: number): void;
  sumPanels(source: number, rows: number, columns: number, stride: number, target: number): void;
  copyRows(
    ...args: [
      ...[source: number, pitchSource: number, rows: number, columns: number],
      ...[target: number, pitchTarget: number],
    ]
  ): void;
  sumOfSquares(g: number, n: number): number;
  adamStep(
    ...args: [
      ...[p: number, g: number, m: number, v: number, n: number],
      ...[lr: number, beta1: number, beta2: number, eps: number, coupled: number, decoupled: number],
      ...[correction1: number, correction2: number, scale: number],
    ]
  ): void;
  sgdStep(
    ...args: [
      ...[p: number, g: number, buffer: number, n: number, lr: number, decay: number, momentum: number],
      ...[nesterov: number, fresh: number, scale: number],
    ]
  ): void;
  gatherPanels(
    ...args: [
      ...[index: number, B: number, rows: number, source: number, pitch: number, T: number, C: number],
      ...[target: number, step: number, stride: number],
    ]
  ): void;
  gatherRows(
    ...args: [
      ...[index: number, B: number, rows: number, source: number, pitch: number, columns: number],
      ...[target: number, pitchTarget: number],
    ]
  ): void;
  scorePanels(
    ...args: [
      ...[y: number, stride: number, B: number, H: number, soh: number, residual: number],
      ...[scale: number, path: number, dy: number, results: number],
    ]
  ): void;
  adamClipped(
    ...args: [
      ...[p: number, g: number, m: number, v: number, n: number],
      ...[lr: number, beta1: number, beta2: number, eps: number, coupled: number, decoupled: number],
      ...[correction1: number, correction2: number, maxNorm: number],
    ]
  ): void;
  sgdClipped(
    ...args: [
      ...[p: number, g: number, buffer: number, n: number, lr: number, decay: number, momentum: number],
      ...[nesterov: number, fresh: number, maxNorm: number],
    ]
  ): void;
  /** Floats of the workspace that a plan of `ode-layout.ts` needs; none of its addresses is read. */
  odeFloats(plan: number): number;
  /** How it ended: 0 well, 1 underflow, 2 out of evaluations, 3 not finite, 4 more steps than the plan has room for, 5 refused. */
  odeSolve(plan: number): number;
  odeBackward(plan: number): number;
}
