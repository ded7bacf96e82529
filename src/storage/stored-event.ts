/** Events as storages keep them: `value`, which is derived, is in no record. */
import { withoutValue } from "../core/index.js";
import type { StudyEvent } from "../core/index.js";

export function storedEvent(event: StudyEvent): StudyEvent {
  return event.type === "trial-created" ? { ...event, trial: withoutValue(event.trial) } : event;
}
