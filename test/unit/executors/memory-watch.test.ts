import { beforeEach, describe, expect, test } from "vitest";
import { MemoryWatch } from "../../../src/executors/memory-watch.js";

type Trial = ReturnType<typeof trialOf>;
let running: Trial[];
let stopped: string[];
let watch: MemoryWatch;

function trialOf(name: string, memoryMb = 0) {
  return {
    name,
    worker: { memoryMb: () => memoryMb },
    startedAt: performance.now(),
    stopForMemory: () => void stopped.push(name),
  };
}

function start(name: string, memoryMb?: number): void {
  running.push(trialOf(name, memoryMb));
}

function end(name: string): void {
  running = running.filter((trial) => trial.name !== name);
}

beforeEach(() => {
  [running, stopped] = [[], []];
  watch = new MemoryWatch(1000, () => running);
});

describe("above the limit", () => {
  test("the trial that says it holds most is asked to end, and nobody else until it has", () => {
    start("a", 500);
    start("b", 200);
    watch.check(1000);
    expect(stopped).toEqual([]);
    for (const resident of [1001, 1500, 2000]) watch.check(resident);
    expect(stopped).toEqual(["a"]);
  });

  test("the other one is next where that did not help", () => {
    start("a", 500);
    start("b", 200);
    watch.check(1001);
    end("a");
    watch.check(1001);
    expect(stopped).toEqual(["a", "b"]);
  });

  test("a trial that starts afterwards is not stopped for what the one before has left, but for what it adds", () => {
    start("hoards");
    watch.check(1200);
    end("hoards");
    start("next");
    watch.check(1150);
    watch.check(1200);
    expect(stopped).toEqual(["hoards"]);
    watch.check(1215);
    expect(stopped).toEqual(["hoards", "next"]);
  });

  test("memory that was given back is no excuse later", () => {
    start("hoards");
    watch.check(1200);
    end("hoards");
    watch.check(1150);
    watch.check(900);
    start("next");
    watch.check(1001);
    expect(stopped).toEqual(["hoards", "next"]);
  });
});
