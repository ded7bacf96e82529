/** The Python process that serves tables and scikit-learn's models: a line of JSON a question, a line an answer. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** @returns `ask(question)`, which rejects with what the other side said was wrong, and `close()`. */
export function startServer(python) {
  const script = fileURLToPath(new URL("problems.py", import.meta.url));
  const child = spawn(python, [script, "serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [];
  let gone = null;
  const end = (why) => {
    gone ??= new Error(why);
    for (const { reject } of waiting.splice(0)) reject(gone);
  };
  child.on("error", (error) => end(`${python}: ${error.message}`));
  child.on("exit", (code, signal) => end(`${python} problems.py ended (${code ?? signal})`));
  // A question to a process that is gone is answered by its end.
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line);
    const { resolve, reject } = waiting.shift();
    if (answer.missing) reject(new Error(`there is no ${answer.missing} in ${python}`));
    else if (answer.error) reject(new Error(answer.error));
    else resolve(answer);
  });
  const ask = (question) =>
    new Promise((resolve, reject) => {
      if (gone) return reject(gone);
      waiting.push({ resolve, reject });
      child.stdin.write(JSON.stringify(question) + "\n");
    });
  return { ask, close: () => child.stdin.end() };
}
