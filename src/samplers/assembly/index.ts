export { noiseRatio, smooth } from "./neighbours";
export { squaredDistance, toUnit } from "./rows";
export { logDensities } from "./density";
