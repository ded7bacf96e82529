import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { backends } from "../backends.js";
import { freshOps } from "./builds.js";

test.each(backends)(
  "a tape thrown away gives its workspace back once its output is collected (%s)",
  async (backend) => {
    await useBackend(backend);
    const { memory, ops } = freshOps("plain");
    const layer = {
      weightIh: tf.variable(tf.ones([12, 1])),
      weightHh: tf.variable(tf.ones([12, 3])),
      ...{ biasIh: tf.variable(tf.ones([12])), biasHh: tf.variable(tf.ones([12])) },
    };
    const throwAway = (): void => {
      try {
        tf.variableGrads(() => {
          ops.lstm(tf.ones([2, 2, 1]), [layer] as never, {});
          throw new Error("a model's mistake");
        });
      } catch {
        // The tape is gone with it.
      }
    };
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    throwAway();
    const growth = (): number => {
      collect();
      const before = memory.used;
      throwAway();
      return memory.used - before;
    };
    await expect.poll(growth, { timeout: 8000 }).toBe(0);
  },
);
