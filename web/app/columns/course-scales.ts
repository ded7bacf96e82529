/** What the course of a study's best can go by. */

/** By finished trials, by the epochs in them, by the seconds in them. */
export const courseScales = ["trials", "epochs", "seconds"] as const;
/** One of {@link courseScales}. */
export type CourseScale = (typeof courseScales)[number];
