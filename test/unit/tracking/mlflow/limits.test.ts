import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf, fitKey, fitText } from "../../../../src/tracking/mlflow/limits.js";
import type { Point } from "../../../../src/tracking/mlflow/limits.js";
import { requireKey } from "../../../fixtures/mlflow/fake-server.js";

describe("a name as a key", () => {
  it("stays as it is where MLflow takes it", () => {
    for (const name of [
      "val_rmse",
      "model.hidden_size",
      "objective/val_rmse.part-1",
      "a b:c",
      "Größe",
      "x".repeat(250),
    ])
      expect(fitKey(name)).toBe(name);
  });
  it("says constraints in words", () => {
    expect(fitKey("constraint/parameters<=50000")).toMatch(/^constraint\/parameters le 50000$/);
  });
  it("keeps names apart that MLflow would take for one", () => {
    const names = [
      "a=b",
      "a?b",
      "a_b",
      "../a",
      "/a",
      "a//b",
      ".",
      "..",
      "",
      "a/../b",
      "y".repeat(251),
      "y".repeat(252),
    ];
    expect(new Set(names.map(fitKey)).size).toBe(names.length);
  });
  it("is one that MLflow takes, whatever the name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ maxLength: 300 })), (name) => {
        requireKey(fitKey(name));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a text", () => {
  it("is cut where it is too long, no character torn", () => {
    expect(fitText("short", 8)).toBe("short");
    expect(fitText("0123456789", 8)).toBe("0123456…");
    expect(fitText("012345😀89", 8)).toBe("012345…");
    expect(fitText("a\0b", 8)).toBe("a\ufffdb");
  });
});

describe("batches", () => {
  const texts = fc.array(fc.tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 6000 })), { maxLength: 260 });
  const points = fc
    .integer({ min: 0, max: 2600 })
    .map((count) =>
      Array.from({ length: count }, (_, i): Point => [`metric-${i % 7}`, i / 3, 1_700_000_000_000 + i, i]),
    );
  it("keep every limit, and lose and reorder nothing", () => {
    fc.assert(
      fc.property(points, texts, texts, (metrics, params, tags) => {
        const batches = batchesOf({ metrics, params, tags });
        for (const batch of batches) {
          const body = JSON.stringify({
            run_id: "0".repeat(32),
            metrics: batch.metrics.map(([key, value, timestamp, step]) => ({ key, value, timestamp, step })),
            params: batch.params.map(([key, value]) => ({ key, value })),
            tags: batch.tags.map(([key, value]) => ({ key, value })),
          });
          const sizes = [batch.metrics.length, batch.params.length, batch.tags.length] as const;
          const whole = sizes[0] <= 1000 && sizes[1] <= 100 && sizes[2] <= 100;
          if (!whole || sizes[0] + sizes[1] + sizes[2] > 1000 || Buffer.byteLength(body) > 1_000_000) return false;
        }
        const all = <K extends "metrics" | "params" | "tags">(key: K) => batches.flatMap((batch) => [...batch[key]]);
        return JSON.stringify([all("metrics"), all("params"), all("tags")]) === JSON.stringify([metrics, params, tags]);
      }),
      { numRuns: 15 },
    );
  });
  it("are none where there is nothing", () => {
    expect(batchesOf({ metrics: [], params: [], tags: [] })).toEqual([]);
  });
});
