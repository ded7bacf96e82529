/** Commands on a study of this service's storage, as somebody on its machine would type them. */
import { pathOf } from "./paths.js";
import type { ServerInfo } from "./api/types.js";
import { server } from "./server-info.js";
import { commandLine, shellWord } from "./shell-words.js";

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

/** A request to a study's run, for what no command does. The token is read where it lies, and is no word of a process. */
export const runLine = (method: "POST" | "PATCH", name: string, body: object): string => {
  const { url = null, storage = "studies" }: Partial<ServerInfo> = server.value ?? {};
  const header = `printf 'header = "Authorization: Bearer %s"' "$(cat ${shellWord(`${storage}/.service/token`)})"`;
  const address = shellWord(`${url ?? "http://127.0.0.1:7070"}/api/v1${pathOf("studies", name)}/run`);
  const json = `-H 'Content-Type: application/json' -d ${shellWord(JSON.stringify(body))}`;
  return `${header} |\n  curl -fsS -K - -X ${method} ${address} ${json}`;
};
