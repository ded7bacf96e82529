// Makes a study and ends without closing it. Usage: node exit-child.mjs DIRECTORY end|exit
import { JsonFileStorage } from "../../../dist/storage/json-file/index.js";

const [directory, how] = process.argv.slice(2);
const writer = await new JsonFileStorage({ directory }).openWriter("a");
writer.receive(async () => null);
await writer.append({ type: "study-attr", key: "k", value: 1 });
if (how === "exit") process.exit(0);
