/** Solvers of ordinary differential equations, on tensors with gradients and on Float64Array. */
export { odeint } from "./odeint.js";
export type { NumberSolution, PartsSolution, TensorSolution } from "./odeint.js";
export { odeintAdjoint } from "./odeint-adjoint.js";
export type { AdjointChoices, AdjointCost, OdeintAdjointOptions } from "./odeint-adjoint.js";
export { odeintEvent } from "./odeint-event.js";
export type {
  EventOptions,
  EventResult,
  NumberEventOptions,
  PartsEventOptions,
  TensorEventOptions,
} from "./odeint-event.js";
export type { OdeintOptions, SolverCounts, SolverOptions } from "./options.js";
export type { ControlName } from "./control.js";
export type { AskedTimes, NumberFunction, PartsFunction, TensorFunction } from "./system.js";
export type { NumberJacobian } from "./linearize.js";
export { methods, solverNames } from "./methods/index.js";
export type { SolverName } from "./methods/index.js";
export type { Method, PathPolynomials, Step, Stepper, StepperContext } from "./method.js";
export { solveDense } from "./solve-dense.js";
export { DenseLu, SingularMatrixError } from "./dense-lu.js";
