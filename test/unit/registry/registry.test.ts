import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Registry, lazy, registryOf } from "../../../src/registry/index.js";

const meta = { summary: "a thing", parameters: z.object({}) };
class Thing {}

describe("Registry", () => {
  test("knows names and schemas at once and imports an implementation once, when asked", async () => {
    const registry = new Registry<typeof Thing>("thing");
    let imports = 0;
    registry.register(
      "late",
      meta,
    )(
      lazy(async () => {
        imports++;
        return Thing;
      }),
    );
    expect(registry.names()).toEqual(["late"]);
    expect(registry.get("late").summary).toBe("a thing");
    expect(imports).toBe(0);
    expect(await registry.get("late").load()).toBe(Thing);
    await registry.get("late").load();
    expect(imports).toBe(1);
  });

  test("a class registers as by a decorator: what was given comes back", () => {
    const registry = new Registry<typeof Thing>("thing");
    expect(registry.register("eager", meta)(Thing)).toBe(Thing);
  });

  test("an unknown name gets the nearest one and all that are known", () => {
    const registry = new Registry<typeof Thing>("model");
    for (const name of ["lstm", "gru", "mlp"]) registry.register(name, meta)(Thing);
    expect(() => registry.get("lsmt")).toThrow('unknown model "lsmt": did you mean "lstm"? known: lstm, gru, mlp');
    expect(() => registry.get("transformer")).toThrow('unknown model "transformer": known: lstm, gru, mlp');
    expect(() => registry.get("lsmt")).toThrow(expect.objectContaining({ code: "unknown-model", exitCode: 2 }));
  });

  test("a name is taken once, and is snake_case", () => {
    const registry = new Registry<typeof Thing>("model");
    registry.register("lstm", meta)(Thing);
    expect(() => registry.register("lstm", meta)(Thing)).toThrow(/a model named "lstm" is already registered/);
    expect(() => registry.register("My Model", meta)).toThrow(/use lower-case snake_case/);
    expect(() => registry.register("my-model", meta)).toThrow(/use lower-case snake_case/);
  });

  test("a sampler's name may have hyphens", () => {
    const registry = new Registry<typeof Thing>("sampler");
    registry.register("brute-force", meta)(Thing);
    expect(registry.names()).toEqual(["brute-force"]);
    expect(() => registry.register("Brute force", meta)).toThrow(/use lower-case letters, digits, - and _/);
  });

  test("a kind has one registry in the process", () => {
    expect(registryOf("test-kind")).toBe(registryOf("test-kind"));
    expect(registryOf("test-kind")).not.toBe(registryOf("other-kind"));
  });
});
