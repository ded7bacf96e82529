/** Commands on a study of this service's storage, as somebody on its machine would type them. */
import type { ServerInfo } from "./api/types.js";
import { server } from "./server-info.js";
import { commandLine } from "./shell-words.js";

/** A name that begins with a dash is no option. */
const studyWord = (name: string): string => (name.startsWith("-") ? `--study-name=${name}` : name);

/** `mlbench-hpo COMMAND NAME … --storage DIR`. */
export const studyCommand = (
  command: string | readonly string[],
  name: string,
  ...words: readonly (string | number | null | false | undefined)[]
): string => {
  const storage = server.value?.storage;
  return commandLine(...[command].flat(), studyWord(name), ...words, storage !== undefined && "--storage", storage);
};

/** `mlbench-hpo COMMAND NAME … --server URL`: to this service itself. The token is read where it lies. */
export const servedCommand = (command: string, name: string, ...words: readonly (string | number)[]): string => {
  const { url = null, storage = "studies" }: Partial<ServerInfo> = server.value ?? {};
  const service = ["--server", url ?? "http://127.0.0.1:7070", "--token-file", `${storage}/.service/token`];
  return commandLine(command, studyWord(name), ...words, ...service);
};
