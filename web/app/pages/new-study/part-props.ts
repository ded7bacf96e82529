/** What every part of the form takes. */
import type { Registries } from "../../store/registries.js";
import type { FormField } from "./form-problem.js";
import type { StudyForm } from "./form-state.js";

/** Lays something over the form. */
export type Change = (change: Partial<StudyForm>) => void;

/** What it takes. */
export interface PartProps {
  readonly form: StudyForm;
  readonly change: Change;
  readonly registries: Registries;
  /** What the service says is wrong with a field. */
  readonly problemOf: (field: FormField) => string | undefined;
  /** Whether files may be named at all. */
  readonly mayRun: boolean;
}
