/** A study in full, without its trials. */
import { frontOfStudy } from "../core/index.js";
import type { StudyState } from "../core/index.js";
import { entryOfView } from "./events/entry.js";
import type { LiveStudy } from "./events/live-studies.js";
import { runCommandLine } from "./equivalents.js";
import type { StudyDetail } from "./schemas/studies.js";

/** Complete trials from which on importances say something. */
const ENOUGH = 4;

/** The answer of GET /studies/{study}. */
export function studyDetail({ view, figures }: LiveStudy): StudyDetail {
  const { state } = view;
  const { header } = state;
  const front = frontOf(state);
  return {
    ...entryOfView(view, figures),
    ...{ seed: header.seed, space: header.space, fixed: header.task.params ?? {}, settings: { ...header.settings } },
    ...{ user_attrs: header.user_attrs, made_by: header.made_by ? { ...header.made_by } : null },
    ...{ baselines: header.baselines ?? [], earlier_spaces: header.earlier_spaces ?? [] },
    ...{ ended: header.ended ?? null, copied_from: header.copied_from ?? null },
    front: front.map(({ number }) => number),
    front_values: front.map(({ values }) => values ?? []),
    importances_available: state.counts.complete >= ENOUGH && Object.keys(header.space).length > 0,
    command_line: runCommandLine(state),
  };
}

function frontOf(state: StudyState): ReturnType<typeof frontOfStudy> {
  return state.header.objectives.length > 1 ? frontOfStudy(state) : [];
}
