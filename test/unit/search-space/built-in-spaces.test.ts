import { describe, expect, test } from "vitest";
import { parseSpace, deriveSpace, qualifyModels, runParameters, spaceTable } from "../../../src/search-space/index.js";
import { contains, createRng, isActive } from "../../../src/core/index.js";
import type { SearchSpace } from "../../../src/core/index.js";
import { dataParameters, datasets } from "../../../src/datasets/index.js";
import { models } from "../../../src/models/index.js";
import { presetNames } from "../../../src/app/presets.js";
import { loadStudyConfig } from "../../../src/app/study-config.js";
import { checkValue } from "../../../src/registry/index.js";
import type { DerivedSpace } from "../../../src/search-space/index.js";
import type { QualifiedParameter } from "../../../src/registry/index.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { trainParameters } from "../../../src/training/config.js";
import { optionCollisions } from "../../fixtures/registry/option-collisions.js";

const parametersOf = (names: readonly string[], dataset: string): QualifiedParameter[] => [
  ...qualifyModels(names.map((name) => models.get(name))),
  ...dataParameters(dataset),
  ...trainParameters(),
];

/** Draws trials and runs each through what a run would check. */
function sample(
  { space, fixed }: DerivedSpace,
  parameters: QualifiedParameter[],
  dataset: string,
  only?: string,
): void {
  const sampler = new RandomSampler();
  for (let i = 0; i < 30; i++) {
    const params = sampler.suggest(space, { direction: "minimize", trials: [] }, createRng(i, "test")) ?? expect.fail();
    for (const [name, distribution] of Object.entries(space)) {
      expect(Object.hasOwn(params, name)).toBe(isActive(distribution, params));
      if (Object.hasOwn(params, name)) expect(contains(distribution, params[name] ?? null)).toBe(true);
    }
    const run = runParameters(parameters, fixed, params, only);
    const own = new Map(parametersOf([run.model ?? expect.fail()], dataset).map((p) => [p.qualified, p]));
    for (const [name, value] of Object.entries(run.params))
      expect(() =>
        checkValue(own.get(name) ?? expect.fail(`${name} is no parameter of ${run.model}`), value),
      ).not.toThrow();
  }
}

function onRequest(parameters: readonly QualifiedParameter[]): string[] {
  return parameters.filter((p) => p.info.meta.search?.default === "on request").map((p) => p.qualified);
}

const parentsFirst = (space: SearchSpace): boolean => {
  const names = Object.keys(space);
  return names.every((name, i) =>
    Object.keys(space[name]?.when ?? {}).every((p) => names.indexOf(p) < i && names.includes(p)),
  );
};

const pairs = models.names().flatMap((model) => datasets.names().map((dataset) => [model, dataset] as const));

describe.each(pairs)("%s on %s", (model, dataset) => {
  const parameters = parametersOf([model], dataset);

  test("short options do not collide", () => {
    expect(optionCollisions(parameters)).toEqual([]);
  });

  test("the default space is derived, printed, stored and sampled", () => {
    const derived = deriveSpace(parameters);
    const names = Object.keys(derived.space);
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(names.filter((name) => name.startsWith("model.")).length).toBeLessThanOrEqual(7);
    expect(parentsFirst(derived.space)).toBe(true);
    expect(spaceTable(derived.space).map((row) => row.name)).toEqual(names);
    expect(parseSpace(JSON.parse(JSON.stringify(derived.space)))).toEqual(derived.space);
    sample(derived, parameters, dataset, model);
  });

  test("everything that is searched on request can be, conditional branches included", () => {
    const derived = deriveSpace(parameters, { search: onRequest(parameters) });
    expect(Object.keys(derived.space)).toEqual(expect.arrayContaining(onRequest(parameters)));
    expect(parentsFirst(derived.space)).toBe(true);
    sample(derived, parameters, dataset, model);
  });

  test("what defines the task is refused", () => {
    const task = parameters.filter((p) => p.group === "data" && !/\.(window|features)$/.test(p.qualified));
    expect(task.length).toBeGreaterThan(5);
    for (const { qualified } of task)
      expect(() => deriveSpace(parameters, { search: [`${qualified}=1..2`] })).toThrow(/cannot be searched: /);
  });

  test("the metadata's distributions lie within what the schemas take", () => {
    for (const parameter of parameters) {
      const { search } = parameter.info.meta;
      if (search)
        expect(() =>
          deriveSpace(parameters, {
            search: [{ name: parameter.qualified, distribution: search.distribution }],
            fix: parentsFix(parameter),
          }),
        ).not.toThrow();
    }
  });
});

/** Fixes what a parameter's condition asks for, so that it is active. */
function parentsFix({ when }: QualifiedParameter): string[] {
  return Object.entries(when ?? {}).map(([name, wanted]) => `${name}=${String([wanted].flat()[0])}`);
}

test("all models in one study: each trial runs with its own model's parameters", () => {
  const names = models.names();
  const parameters = parametersOf(names, "dummy");
  const derived = deriveSpace(parameters, { models: names });
  expect(derived.space["model"]).toMatchObject({ choices: names });
  expect(parentsFirst(derived.space)).toBe(true);
  sample(derived, parameters, "dummy");
});

test("the presets' spaces are derived and sampled", async () => {
  for (const preset of await presetNames()) {
    const { model = [], dataset = "", search = [], fixed = {} } = await loadStudyConfig(preset);
    const names = [model].flat();
    const parameters = parametersOf(names, dataset);
    const derived = deriveSpace(parameters, { base: { search, fixed }, models: names });
    expect(Object.keys(derived.space).length).toBeGreaterThanOrEqual(5);
    sample(derived, parameters, dataset, names.length === 1 ? names[0] : undefined);
  }
});
