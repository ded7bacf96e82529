/** The normal distribution's functions, as the estimators use them. */
export * from "../../core/normal.js";
