/** The suite of models finds what is wrong: implementations that each break one promise. */
import { describe } from "vitest";
import { z } from "zod";
import { ForwardModel } from "../../../src/models/forward-model.js";
import type { ModelFacts, ModelOutputs } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { parameter } from "../../../src/registry/index.js";
import type { BatchTensors } from "../../../src/tensor/index.js";
import { dense } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { modelConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of models finds one that", () => {
  let registered = 0;
  type Weights = { readonly weight: tf.Tensor2D; readonly bias: tf.Tensor1D };

  /** The window's mean and a linear layer: sound as it stands. */
  class Sound extends ForwardModel {
    readonly head: Weights;
    constructor(_params: unknown, facts: ModelFacts) {
      super(facts, true);
      this.head = this.linear("head", facts.features, facts.horizon);
    }
    protected pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.mean(x, 1);
    }
    protected predictNormalised({ x }: BatchTensors): tf.Tensor2D {
      return dense(this.pool(x), this.head.weight, this.head.bias);
    }
  }
  class Mixing extends Sound {
    protected override pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.sub(tf.mean(x, 1), tf.mean(x, [0, 1]));
    }
  }
  class WrongGradient extends Sound {
    protected override pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.mean(x, 1);
    }
    protected override predictNormalised(batch: BatchTensors): tf.Tensor2D {
      const halved = tf.customGrad((y) => ({
        value: (y as tf.Tensor2D).clone(),
        gradFunc: (dy: tf.Tensor) => tf.mul(dy, 0.5),
      }));
      return halved(super.predictNormalised(batch)) as tf.Tensor2D;
    }
  }
  class Unused extends Sound {
    readonly spare = this.uniform("spare", [3], 1);
  }
  class Leaking extends Sound {
    protected override pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.keep(tf.mean(x, 1));
    }
  }
  class Forgetful extends Sound {
    override dispose(): void {}
  }
  class Unseeded extends Sound {
    constructor(params: unknown, facts: ModelFacts) {
      super(params, { ...facts, seeds: { init: Math.floor(Math.random() * 1e9), dropout: 1 } });
    }
  }
  class Wandering extends Sound {
    protected override pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.add(tf.mean(x, 1), Math.random());
    }
  }
  class Deaf extends Sound {
    override setWeights(): void {}
  }
  class Blind extends Sound {
    protected override pool(x: tf.Tensor3D): tf.Tensor2D {
      return tf.mul(tf.mean(x, 1), 1e-3);
    }
  }
  class Boasting extends Sound {
    override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: tf.Tensor | null) {
      return { ...super.computeLoss(batch, outputs, traj), metrics: { "My Metric": 1 } };
    }
  }

  const broken = (Model: new (params: unknown, facts: ModelFacts) => ForwardModel, description = "x"): Register => {
    const name = `broken_${(registered += 1)}`;
    const parameters = z.object({ size: parameter(z.number().default(1), { description }) });
    models.register(name, { summary: "broken", parameters })(Model);
    return (runner) => {
      modelConformance(runner, { name });
    };
  };

  const declared = { kl: { summary: "not told", direction: "minimize" } } as const;
  models.register("silent", { summary: "broken", parameters: z.object({}), metrics: declared })(Sound);
  const silent: Register = (runner) => {
    modelConformance(runner, { name: "silent" });
  };

  passes(broken(Sound));
  finds([
    ["mixes the windows of a batch", broken(Mixing), /each window for itself/],
    ["has a wrong gradient", broken(WrongGradient), /differences of the loss/],
    ["has a weight without a part in the loss", broken(Unused), /gradient of every weight/],
    ["leaks in a pass", broken(Leaking), /leaves no tensor/],
    ["keeps its weights when it is disposed of", broken(Forgetful), /leaves no tensor/],
    ["draws its weights without the seed", broken(Unseeded), /same weights for the same seed/],
    ["predicts something else each time", broken(Wandering), /the same twice/],
    ["does not take weights", broken(Deaf), /takes them again/],
    ["cannot learn what it is shown", broken(Blind), /overfits a dozen/],
    ["has a metric of no proper name", broken(Boasting), /snake_case/],
    ["does not tell the metric that it declares", silent, /those that it declares/],
    ["does not say what a parameter means", broken(Sound, ""), /says of every parameter/],
  ]);
});
