/** What the trials of a study run. */
import type { StudyHeader } from "./study.js";

/**
 * `model`: training of its model on its dataset. `objective`: its objective's module. `command`: its program. `outside`:
 * nothing of its own: they are handed out by `ask`, or run a function that `optimize` is given.
 */
export type StudyKind = "model" | "objective" | "command" | "outside";

/** What the trials of a study run. */
export function studyKind({ task, settings }: Pick<StudyHeader, "task" | "settings">): StudyKind {
  if (task.dataset !== undefined) return "model";
  if (settings.command) return "command";
  return settings.objective ? "objective" : "outside";
}
