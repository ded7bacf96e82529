import { expect, it } from "vitest";
import { messageOf } from "../../../src/core/index.js";

const broken = {
  get message(): string {
    throw new Error("no message here");
  },
};
const circular: Record<string, unknown> = {};
circular["self"] = circular;

it.each([
  [new Error("plain"), "plain"],
  ["a text", "a text"],
  [undefined, "undefined"],
  [null, "null"],
  [Symbol("s"), "Symbol(s)"],
  [{ message: "of its own" }, "of its own"],
  [{ code: 7 }, '{"code":7}'],
  [{ message: 7 }, '{"message":7}'],
  [Object.create(null), "{}"],
  [Object.assign(Object.create(null) as object, { message: "bare" }), "bare"],
])("the message of a thrown %j", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});

it.each([
  ["its message throws", broken],
  ["it has no JSON", circular],
  ["its JSON is nothing", { toJSON: () => undefined }],
  [
    "every look at it throws",
    new Proxy({}, { get: () => expect.fail("looked at"), getPrototypeOf: () => expect.fail("asked") }),
  ],
])("is a fixed text where %s", (_why, thrown) => {
  expect(messageOf(thrown)).toBe("something that does not say what it is");
});
