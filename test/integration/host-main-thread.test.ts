/** A host's main thread while a study over a model is made and run: no TensorFlow.js in it, and no long pause. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const host = pathToFileURL("dist/host/index.js").href;
const SCRIPT = `
const { openStudyHost } = await import(${JSON.stringify(host)});
const host = await openStudyHost({ storage: process.argv[1], workers: 1 });
await host.create({ model: "mlp", dataset: "dummy", fix: ["train.epochs=2"], seed: 1 });
await host.startRun("mlp-dummy", { trials: 2 });
const view = await host.view("mlp-dummy");
await new Promise((resolve) => {
  const look = () => view.run?.ended_at && resolve();
  view.subscribe(look);
  look();
});
console.log(JSON.stringify({ run: view.run, tensors: globalThis._tfengine !== undefined }));
await host.close();
`;

it("runs a study over a model without loading TensorFlow.js beside the service", async () => {
  const folder = await mkdtemp(join(tmpdir(), "host-main-"));
  const args = ["--input-type=module", "-e", SCRIPT, join(folder, "studies")];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ run: { state: "finished", error: null }, tensors: false });
  await rm(folder, { recursive: true });
});
