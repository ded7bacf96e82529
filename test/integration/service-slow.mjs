// Opens 10,000 slow connections to a service, of four sorts (nothing sent, headers that dribble, bodies that dribble, event
// streams that are not read), and holds it to this: whoever asks properly is answered all the while, memory stays within
// bounds, and nothing is left when they are gone. `node test/integration/service-slow.mjs [COUNT]`; some 30 s.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const COUNT = Number(process.argv[2] ?? 10_000);
/** Megabytes that the service may grow by. */
const GROWTH_MB = 250;
const bin = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bin", "mlbench-hpo.js");
const folder = mkdtempSync(join(tmpdir(), "service-slow-"));
const child = spawn(process.execPath, [bin, "serve", "--storage", folder, "--port", "0", "--workers", "1"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const faults = [];
try {
  const line = await new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.split("\n")[0]);
    });
  });
  const [, url, token] = / at (\S+)#token=(\S+)$/.exec(line);
  const port = Number(new URL(url).port);
  const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;
  // Whoever is slow has a token of their own: the requests a second of one are no other's.
  const made = await fetch(`${url}/api/v1/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "slow", scopes: ["run"] }),
  });
  const { token: slow } = await made.json();
  const ask = async () => {
    const started = performance.now();
    const answer = await fetch(`${url}/api/v1/server`, {
      headers: { authorization: `Bearer ${token}`, connection: "close" },
    });
    await answer.arrayBuffer();
    return { status: answer.status, ms: performance.now() - started };
  };
  await ask();
  const before = residentMb();

  const head = `Host: localhost\r\nAuthorization: Bearer ${slow}`;
  const sorts = [
    "",
    `GET /api/v1/studies HTTP/1.1\r\nHost: local`,
    `POST /api/v1/studies HTTP/1.1\r\n${head}\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"name":`,
    `GET /api/v1/events HTTP/1.1\r\n${head}\r\n\r\n`,
  ];
  const sockets = [];
  let closed = 0;
  const statuses = new Map();
  const took = [];
  for (let i = 0; i < COUNT; i++) {
    const socket = connect(port, "127.0.0.1", () => socket.write(sorts[i % sorts.length]));
    socket.on("error", () => {}).on("close", () => closed++);
    socket.once("data", (chunk) => {
      const status = chunk.toString("latin1").slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // Read once, and never again.
      socket.pause();
    });
    sockets.push(socket);
    if (i % 250 === 249) {
      await delay(20);
      const { status, ms } = await ask();
      took.push(ms);
      if (status !== 200) faults.push(`after ${i + 1} connections: ${status}`);
    }
  }
  const most = residentMb();
  for (let second = 0; second < 10; second++) {
    // They dribble on.
    for (const [i, socket] of sockets.entries()) if (i % sorts.length < 3 && socket.writable) socket.write("x");
    await delay(1000);
    const { status, ms } = await ask();
    took.push(ms);
    if (status !== 200) faults.push(`while they dribble: ${status}`);
  }
  took.sort((a, b) => a - b);
  const worst = took.at(-1);
  console.log(
    `${COUNT} slow connections: ${took.length} requests beside them, median ${took[took.length >> 1].toFixed(0)} ms, ` +
      `slowest ${worst.toFixed(0)} ms; memory ${before.toFixed(0)} -> ${most.toFixed(0)} MB; ` +
      `${closed} closed by the service; answers ${[...statuses].map(([status, n]) => `${n} x ${status}`).join(", ")}`,
  );
  if (worst > 5000) faults.push(`a request beside them took ${worst.toFixed(0)} ms`);
  if (most - before > GROWTH_MB) faults.push(`memory grew by ${(most - before).toFixed(0)} MB`);
  for (const socket of sockets) socket.destroy();
  await delay(1000);
  const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const open = Number(/^mlbench_hpo_connections (\d+)$/m.exec(await metrics.text())?.[1]);
  if (!(open <= 3)) faults.push(`${open} connections are left`);
  child.kill("SIGTERM");
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) faults.push(`ended with ${code}`);
} finally {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
