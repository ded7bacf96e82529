/** The scheduler `none`. */
import type { SchedulerFactory } from "./scheduler.js";

/** The learning rate stays. */
export const none: SchedulerFactory = (_params, { lr }) => ({
  lr,
  step: () => {},
  state: () => ({}),
  restore: () => {},
});
