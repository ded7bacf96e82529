export { tanhArray, sigmoidArray } from "./activations";
export {
  toPanels, fromPanels, packUnits, packUnitRows, packColumns, packRows, packBias, unpackUnitRows,
} from "./panels";
export { gemmPanels, gemmTransposed } from "./gemm";
export { lstmForward, lstmBackward, lstmInputGradient } from "./lstm";
export { dropoutPanels } from "./dropout";
export { sumOfSquares, adamStep, sgdStep } from "./optimizer";
