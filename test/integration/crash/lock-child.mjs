// Takes a study's lock and keeps it until its stdin ends; prints `owner` or `refused CODE PID`. With `answer` it answers
// commands, with `hold` it stays until it is killed.
// Usage: node lock-child.mjs DIRECTORY NAME [answer|hold]
import { writeSync } from "node:fs";

const [directory, name, mode] = process.argv.slice(2);
const { JsonFileStorage } = await import("../../../dist/storage/json-file/index.js");
const storage = new JsonFileStorage({ directory });
try {
  const writer = await storage.openWriter(name);
  if (mode === "answer")
    writer.receive(async (command) => {
      await writer.append({ type: "study-attr", key: command.key, value: process.pid });
      return { pid: process.pid };
    });
  writeSync(1, "owner\n");
  if (mode === "hold") await new Promise((resolve) => setTimeout(resolve, 60_000));
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once("end", resolve));
  await writer.close();
  writeSync(1, "closed\n");
} catch (error) {
  writeSync(1, `refused ${error.code} ${error.owner?.pid}\n`);
}
