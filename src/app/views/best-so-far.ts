/** How the best value of a study has come about, for who looks for it among the views. */
export { bestSoFar } from "../../core/index.js";
