/** The suite of storages finds what is wrong: implementations that each break one promise. */
import { describe } from "vitest";
import type { StudyEvent } from "../../../src/core/index.js";
import { applyEvent } from "../../../src/core/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { StudyStorage, StudyWriter } from "../../../src/storage/storage.js";
import { storageConformance } from "../../../src/testing/index.js";
import type { Register } from "./breakages.js";
import { finds, passes } from "./breakages.js";

describe("the suite of storages finds one that", () => {
  /** A memory storage with some of it replaced. */
  const broken = (change: (sound: MemoryStorage) => Partial<StudyStorage>): Register => {
    return (runner) => {
      storageConformance(runner, {
        name: "broken",
        make: () => {
          const sound = new MemoryStorage();
          const replaced = change(sound);
          const storage = new Proxy(sound, {
            get: (target, key) => {
              const value: unknown = Reflect.get(replaced, key) ?? Reflect.get(target, key);
              return typeof value === "function" ? (value.bind(target) as unknown) : value;
            },
          });
          return { storage, other: storage };
        },
      });
    };
  };
  const writing = (change: (writer: StudyWriter) => Partial<StudyWriter>): Register =>
    broken((sound) => {
      const open = async (writer: Promise<StudyWriter>): Promise<StudyWriter> => {
        const inner = await writer;
        const replaced = change(inner);
        return new Proxy(inner, {
          get: (target, key) => {
            const value: unknown = Reflect.get(replaced, key) ?? Reflect.get(target, key);
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        });
      };
      return {
        create: (header) => open(sound.create(header)),
        openWriter: (name) => open(sound.openWriter(name)),
      };
    });
  passes(broken(() => ({})));
  passes(writing(() => ({})));
  finds([
    ["does not sort its names", broken((s) => ({ list: async () => (await s.list()).toReversed() })), /sorted order/],
    ["finds every name taken", broken(() => ({ exists: async () => true })), /a name is taken/],
    ["has one identity for all", broken(() => ({ identity: () => "the one" })), /one identity/],
    ["never says who writes", broken(() => ({ ownerOf: async () => null })), /refuses a second one/],
    [
      "hands out records that change",
      broken((s) => ({
        read: async (name) => {
          const state = await s.read(name);
          const trials = structuredClone(state.trials);
          return Object.create(state, { trials: { get: () => trials, enumerable: true } }) as typeof state;
        },
      })),
      /is frozen throughout/,
    ],
    [
      "counts banned trials",
      broken((s) => ({
        summary: async (name) => {
          const summary = await s.summary(name);
          const trials = (await s.read(name)).trials.filter(({ value }) => typeof value === "number");
          const best = trials.toSorted((a, b) => Number(a.value) - Number(b.value))[0];
          return { ...summary, best: best ? { number: best.number, value: Number(best.value), values: [] } : null };
        },
      })),
      /say what the records say/,
    ],
    [
      "follows from the beginning, whatever is asked",
      broken((s) => ({ follow: (name, _from, options) => s.follow(name, 0, options) })),
      /leaves out what was before/,
    ],
    [
      "tells a follower of an event twice",
      broken((s) => ({
        async *follow(name, from, options) {
          for await (const change of s.follow(name, from, options)) {
            yield change;
            yield change;
          }
        },
      })),
      /once and in order/,
    ],
    [
      "loses numbers in its answers",
      broken((s) => ({
        send: async (name, command) => JSON.parse(JSON.stringify(await s.send(name, command))) as unknown,
      })),
      /are answered in order/,
    ],
    [
      "keeps part of an append that fails",
      writing((writer) => ({
        append: async (...events: StudyEvent[]) => {
          for (const event of events) {
            applyEvent(writer.state, event);
            await writer.append(event);
          }
        },
      })),
      /all together or not at all/,
    ],
    ["takes events when it is closed", writing(() => ({ append: async () => undefined })), /closes twice/],
    ["counts a revision of its own", writing(() => ({ revision: 7 })), /counts every event/],
  ]);
});
