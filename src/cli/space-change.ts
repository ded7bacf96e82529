/** What a change of a study's space came to, in words. */
import type { ParameterSetting } from "../app/next-space.js";
import type { SpaceChange } from "../app/change-space.js";
import { earlierInWords } from "../app/views/earlier-in-words.js";
import { formatDistribution } from "../search-space/index.js";
import { conditionInWords } from "../search-space/conditions.js";

/** `log:1e-05..0.1`, `fixed at 0.1`, `not there`. */
function settingInWords(setting: ParameterSetting): string {
  if (setting === null) return "not there";
  if ("fixed" in setting) return `fixed at ${[setting.fixed].flat().join("+")}`;
  const { when } = setting.searched;
  return `${formatDistribution(setting.searched)}${when ? ` when ${conditionInWords(when)}` : ""}`;
}

/** The parameters that changed, a line each, and what becomes of the trials so far. */
export function changeInWords({ changes, earlier }: SpaceChange): string[] {
  const parameters = changes.map(
    ({ name, before, after }) => `  ${name}: ${settingInWords(before)} -> ${settingInWords(after)}`,
  );
  return [...parameters, ...earlierInWords(earlier)];
}
