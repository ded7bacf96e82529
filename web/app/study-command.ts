/** Commands on a study of this service's storage, as somebody on its machine would type them. */
import { server } from "./server-info.js";
import { commandLine } from "./shell-words.js";

/** `mlbench-hpo COMMAND NAME … --storage DIR`. */
export const studyCommand = (
  command: string | readonly string[],
  name: string,
  ...words: readonly (string | number | null | false | undefined)[]
): string => {
  const storage = server.value?.storage;
  // A name that begins with a dash is no option.
  const study = name.startsWith("-") ? `--study-name=${name}` : name;
  return commandLine(...[command].flat(), study, ...words, storage !== undefined && "--storage", storage);
};
