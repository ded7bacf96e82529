/** Studies on TensorFlow as it is installed: MLBENCH_TENSORFLOW=1 asks for them, as `.ci/run` does. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli } from "./cli.js";

/** Of TensorFlow.js's own ops; wasm has no gradient of a convolution. */
const plugin = `
export default function register({ models, z, parameter, int, tf, ForwardModel }) {
  const parameters = z.object({
    width: parameter(z.number().int().min(1).default(16), {
      description: "channels",
      search: { distribution: int(8, 32, { log: true }), default: true },
    }),
  });
  class Convolution extends ForwardModel {
    constructor({ width }, facts) {
      super(facts, true);
      this.kernel = this.uniform("kernel", [5, facts.features, width], 0.3);
      this.head = this.linear("head", width, facts.horizon);
    }
    predictNormalised({ x }) {
      const seen = tf.mean(tf.relu(tf.conv1d(x, this.kernel, 1, "same")), 1);
      return tf.add(tf.matMul(seen, this.head.weight, false, true), this.head.bias);
    }
  }
  class Attention extends ForwardModel {
    constructor({ width }, facts) {
      super(facts, true);
      for (const name of ["query", "key", "value"]) this[name] = this.uniform(name, [facts.features, 4 * width], 0.3);
      this.head = this.linear("head", 4 * width, facts.horizon);
    }
    predictNormalised({ x }) {
      const [B, T, F] = x.shape;
      const seen = (w) => tf.reshape(tf.matMul(tf.reshape(x, [B * T, F]), w), [B, T, -1]);
      const scores = tf.softmax(tf.matMul(seen(this.query), seen(this.key), false, true));
      const pooled = tf.mean(tf.matMul(scores, seen(this.value)), 1);
      return tf.add(tf.matMul(pooled, this.head.weight, false, true), this.head.bias);
    }
  }
  models.register("convolution", { summary: "of one's own", parameters })(Convolution);
  models.register("attention", { summary: "of one's own", parameters })(Attention);
}`;

const data = ["--dataset", "dummy", "--seed", "1", "--set", "data.cells=4", "--set", "data.cycles=80"];

interface Row {
  readonly state: string;
  readonly backend: string;
  readonly value: number;
}

async function folder(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), "mlbench-tensorflow-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "own.mjs"), plugin);
  return cwd;
}

describe.skipIf(process.env["MLBENCH_TENSORFLOW"] !== "1")("on TensorFlow", { timeout: 240_000 }, () => {
  async function study(cwd: string, name: string, model: readonly string[], optimize: readonly string[]) {
    const command = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args, { cwd });
      expect([code, stderr], args.join(" ")).toEqual([0, expect.not.stringMatching(/error:/)]);
      return stdout;
    };
    await command("create-study", "--name", name, ...model, ...data, "--fix", "train.epochs=2");
    await command("optimize", name, "--trials", "3", "--workers", "2", "--deterministic", ...optimize);
    const rows = JSON.parse(await command("trials", name, "--format", "json")) as Row[];
    expect(await command("replay", name, "2")).toMatch(/bit for bit/);
    return rows;
  }

  test.each<[string, string[], string[]]>([
    ["lstm", ["--model", "lstm"], ["--backend", "tensorflow"]],
    ["gru in processes", ["--model", "gru"], ["--backend", "tensorflow", "--isolation", "process"]],
    ["model that wasm cannot train, by itself", ["--plugin", "own.mjs", "--model", "convolution"], []],
    ["model of large plain ops, by itself", ["--plugin", "own.mjs", "--model", "attention"], []],
  ])(
    "a study of a %s in two workers: twice the same numbers, and replays bit for bit",
    async (_name, model, options) => {
      const cwd = await folder();
      const [one, two] = [await study(cwd, "one", model, options), await study(cwd, "two", model, options)];
      expect(one.map(({ state, backend }) => [state, backend.split("/")[0]])).toEqual(
        new Array(3).fill(["complete", "tensorflow"]),
      );
      expect(two.map(({ value }) => value)).toEqual(one.map(({ value }) => value));
    },
  );

  test("a study keeps its backend, with TensorFlow there and gone; a built-in model stays on wasm", async () => {
    const cwd = await folder();
    const rows = await study(cwd, "kept", ["--model", "mlp"], []);
    expect(rows.map(({ backend }) => backend.split("/")[0])).toEqual(new Array(3).fill("wasm"));
    await study(cwd, "own", ["--plugin", "own.mjs", "--model", "attention"], ["--backend", "wasm"]);
    await runCli(["optimize", "own", "--trials", "1"], { cwd });
    const { stdout } = await runCli(["trials", "own", "--format", "json"], { cwd });
    expect((JSON.parse(stdout) as Row[]).at(-1)?.backend).toMatch(/^wasm\//);
    await study(cwd, "tf", ["--plugin", "own.mjs", "--model", "convolution"], []);
    const gone = await runCli(["optimize", "tf", "--trials", "1"], { cwd, env: { XDG_CACHE_HOME: cwd } });
    expect(gone.code).toBe(2);
    expect(gone.stderr).toMatch(
      /study "tf" keeps that of its first trial: .*backends install tensorflow.*--backend wasm/,
    );
  });
});
