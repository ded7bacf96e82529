export { tanhArray, sigmoidArray } from "./activations";
export {
  toPanels, fromPanels, packUnits, packUnitRows, packColumns, packRows, packBias, unpackUnitRows, copyRows,
} from "./panels";
export { product as gemmPanels, productTransposed as gemmTransposed } from "./gemm";
export { lstmForward, lstmBackward, lstmInputGradient } from "./lstm";
export { activatePanels, multiplyPanels, sumPanels } from "./dense";
export { gruForward, gruBackward, gruInputGradient } from "./gru";
export { dropoutPanels } from "./dropout";
export { sumOfSquares, adamStep, sgdStep } from "./optimizer";
export { gatherPanels, gatherRows, scorePanels, adamClipped, sgdClipped } from "./batch";
export { odeFloats, odeSolve } from "./ode";
export { odeBackward } from "./ode-gradient";
