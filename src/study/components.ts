/** What a study is put together from; `app` chooses the implementations. */
import type { Pruner } from "../pruners/pruner.js";
import type { Sampler } from "../samplers/sampler.js";

/** The sampler and the pruner of an open study. */
export interface StudyComponents {
  readonly sampler: Sampler;
  readonly pruner: Pruner;
}
