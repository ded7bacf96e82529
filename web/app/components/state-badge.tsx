/** What a study is doing, in a word with a shape; colour is never all there is. */
import type { StudyActivity, StudyEntry } from "../api/types.js";

const looks: Readonly<Record<StudyActivity, readonly [shape: string, text: string]>> = {
  running: ["▶", "running"],
  paused: ["❚❚", "paused"],
  waiting: ["◔", "waiting for room"],
  stopping: ["◧", "stopping"],
  elsewhere: ["▷", "running elsewhere"],
  idle: ["■", "idle"],
  archived: ["▣", "archived"],
};

/** Where a study that another process writes is open. */
export const ownerText = ({ owner }: Pick<StudyEntry, "owner">): string | null =>
  owner === null || owner.here ? null : `in a terminal, pid ${owner.pid} on ${owner.host}`;

/** The word. */
export function StateBadge({ entry }: { readonly entry: Pick<StudyEntry, "state" | "owner"> }) {
  const [shape, text] = looks[entry.state];
  return (
    <span class={`badge state-${entry.state}`} title={ownerText(entry) ?? undefined}>
      <span aria-hidden="true">{shape}</span> {text}
    </span>
  );
}
