// The service of a benchmark, in a process of its own: `node service-side.mjs STORAGE`; says `{url, token}` on stdout, and
// answers each line on stdin with the CPU time so far and the delay of its event loop since the line before.
import { createInterface } from "node:readline";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStudyHost } from "../dist/host/index.js";
import { serve } from "../dist/service/serve.js";

const limits = { requestsPerSecond: 1e6 };
const options = { storage: process.argv[2], version: "bench", host: "127.0.0.1", port: 0, workers: 1, limits };
const { url, token, close } = await serve(options, openStudyHost);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url, token });
for await (const _line of createInterface({ input: process.stdin })) {
  const { user, system } = process.cpuUsage();
  say({
    cpu: (user + system) / 1e6,
    delayP99: delay.percentile(99) / 1e6 - 5,
    rss: process.memoryUsage().rss / 2 ** 20,
  });
  delay.reset();
}
await close();
