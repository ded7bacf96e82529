/** The registry of models. */
import { registryOf } from "../registry/index.js";
import type { Registry } from "../registry/index.js";
import type { ModelConstructor } from "./forward-model.js";

/** The models by name; the built-in ones are registered by this folder's index. */
export const models: Registry<ModelConstructor> = registryOf<ModelConstructor>("model");
