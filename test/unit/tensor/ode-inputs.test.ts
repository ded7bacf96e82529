import { beforeAll, expect, test } from "vitest";
import { installOps, odeMlp, plainOps, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { tidied } from "./kernels/builds.js";

beforeAll(async () => {
  await useBackend("cpu");
});

type Given = Parameters<typeof odeMlp>;

/** One step of y' = y0 + y1 with what is given in the place of what is right. */
function solving(given: { y0?: unknown; layers?: unknown; times?: unknown; options?: unknown }): () => void {
  return () => {
    const layers = [{ weight: tf.ones([2, 2]), bias: tf.zeros([2]) }];
    const right = { y0: tf.ones([3, 2]), layers, times: [0, 1], options: { method: "rk4" } };
    const { y0, layers: own, times, options } = { ...right, ...given };
    odeMlp(y0 as Given[0], own as Given[1], times as Given[2], options as Given[3]);
  };
}

test("what is no argument of odeMlp is refused in one line that says what would be right", () => {
  const says = (given: Parameters<typeof solving>[0], message: string): void => {
    let thrown: unknown = null;
    try {
      solving(given)();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ exitCode: 2 });
    expect((thrown as Error).message.startsWith(message), (thrown as Error).message).toBe(true);
    expect((thrown as Error).message).not.toContain("\n");
  };
  const option = (options: object, message: string): void => {
    says({ options: { method: "rk4", ...options } }, message);
  };
  tidied(() => {
    expect(solving({})).not.toThrow();
    option({ rtoll: 1 }, 'odeMlp: unknown option "rtoll": did you mean "rtol"?');
    option({ adjoint: { augment: 1 } }, 'odeMlp: adjoint: unknown option "augment"');
    option({ adjoint: null }, "odeMlp: adjoint: expected an object of options, got null");
    option({ method: "rk45" }, 'odeMlp: unknown method "rk45": did you mean "rk4"?');
    option({ gradient: "adjont" }, 'odeMlp: gradient is "adjont": direct or adjoint');
    option({ time: 1 }, "odeMlp: time is 1: true or false");
    says({ options: undefined }, "odeMlp: expected an object of options, got undefined");
    says({ y0: [[1, 2]] }, "odeMlp: y0 is no tensor");
    says({ y0: tf.ones([2]) }, "odeMlp: y0 has the shape [2]: 2 dimensions");
    says({ y0: tf.ones([3, 2], "int32") }, "odeMlp: y0 is int32: float32");
    says({ layers: undefined }, "odeMlp: layers is no list of layers");
    says({ layers: [tf.ones([2, 2])] }, "odeMlp: the weight of layer 0 is no tensor");
    says({ layers: [null] }, "odeMlp: the weight of layer 0 is no tensor");
    says({ times: tf.tensor1d([0, 1]) }, "odeMlp: times is no list of times");
    says({ times: null }, "odeMlp: times is no list of times");
  });
});

test("an adjoint control's option that is undefined is the solution's", () => {
  tidied(() => {
    expect(solving({ options: { method: "rk4", adjoint: { method: undefined } } })).not.toThrow();
  });
});

test("a state that is augmented leaves no tensor behind", () => {
  const before = installOps(plainOps);
  const [y0, weight, bias] = [tf.ones<tf.Rank.R2>([3, 1]), tf.ones<tf.Rank.R2>([2, 2]), tf.zeros<tf.Rank.R1>([2])];
  const { numTensors } = tf.memory();
  const { path, counts } = odeMlp(y0, [{ weight, bias }], [0, 1], { method: "euler", augment: 1 });
  // y' = y0 + y1 from (1, 0).
  expect([...path.dataSync().slice(6, 8)]).toEqual([2, 1]);
  expect(counts.evaluations).toBe(1);
  path.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
  tf.dispose([y0, weight, bias]);
  installOps(before);
});
