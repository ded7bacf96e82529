import { expect, test } from "vitest";
import { z } from "zod";
import { Registry, createComponent, parameter, readComponentOption } from "../../../src/registry/index.js";
import type { ComponentFactory } from "../../../src/registry/index.js";

interface Made {
  readonly made: Readonly<Record<string, unknown>>;
}

function registry(): Registry<ComponentFactory<Made>> {
  const widgets = new Registry<ComponentFactory<Made>>("widget");
  widgets.register("round", {
    summary: "a widget",
    parameters: z.strictObject({
      n_sides: parameter(z.number().int().min(3).default(4), { description: "sides" }),
      hollow: parameter(z.boolean().optional(), { description: "nothing inside" }),
      preset: parameter(z.enum(["plain", "on"]).default("plain"), { description: "look" }),
    }),
  })((options) => ({ made: options }));
  return widgets;
}

const option = (name: string, text: string): unknown =>
  readComponentOption("widget", registry().get("round"), name, text);

test("a component gets its options checked and its defaults filled in", async () => {
  const widget = await createComponent(registry(), "round", { n_sides: 5 });
  expect(widget.made).toEqual({ n_sides: 5, preset: "plain" });
});

test.each([
  ["wrong name", "ruond", {}, 'unknown-widget: unknown widget "ruond": did you mean "round"? known: round'],
  [
    "out of range",
    "round",
    { n_sides: 2 },
    'invalid-option: widget "round": n_sides must be a whole number, at least 3, got 2',
  ],
  [
    "text for a number",
    "round",
    { n_sides: "5" },
    'invalid-option: widget "round": n_sides must be a whole number, at least 3, got "5"',
  ],
  [
    "unknown option",
    "round",
    { sides: 5 },
    'invalid-option: widget "round" has no option "sides": did you mean "n_sides"? known: n_sides, hollow, preset',
  ],
])("%s is one line", async (_what, name, options, message) => {
  const error = await createComponent(registry(), name, options).catch((e: unknown) => e);
  expect(`${(error as { code: string }).code}: ${(error as Error).message}`).toBe(message);
});

test("an option's text is read by the component's schema: numbers, booleans and choices with those words", () => {
  expect(option("n_sides", "6")).toEqual({ name: "n_sides", value: 6 });
  expect(option("n-sides", "1e1")).toEqual({ name: "n_sides", value: 10 });
  expect(option("hollow", "yes")).toEqual({ name: "hollow", value: true });
  expect(option("preset", "on")).toEqual({ name: "preset", value: "on" });
  expect(() => option("n_sides", "0x6")).toThrow("n_sides must be a whole number, at least 3, got 0x6");
  expect(() => option("hollow", "maybe")).toThrow("hollow must be true or false, got maybe");
  expect(() => option("holow", "yes")).toThrow('has no option "holow": did you mean "hollow"?');
});
