import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { schedulers } from "../../../src/training/schedulers/index.js";

interface Case {
  scheduler: string;
  lr: number;
  epochs?: number;
  options: Record<string, number>;
  metrics?: (number | "NaN")[];
  rates: number[];
}

const file = new URL("../../fixtures/training/schedulers.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

/** PyTorch's defaults, under our names. */
function paramsOf({ options: o }: Case): Record<string, number> {
  return {
    scheduler_patience: o["patience"] ?? 10,
    scheduler_factor: o["factor"] ?? 0.1,
    scheduler_threshold: o["threshold"] ?? 1e-4,
    scheduler_cooldown: o["cooldown"] ?? 0,
    scheduler_min_lr: o["min_lr"] ?? o["eta_min"] ?? 0,
  };
}

test.each(cases.map((c) => [`${c.scheduler} ${JSON.stringify(c.options)}`, c] as const))(
  "%s goes epoch by epoch as PyTorch's, also from its state",
  async (_title, c) => {
    const create = await schedulers.get(c.scheduler).load();
    const facts = { lr: c.lr, epochs: c.epochs ?? c.rates.length };
    const scheduler = create(paramsOf(c), facts);
    expect(scheduler.lr).toBe(c.lr);
    c.rates.forEach((rate, epoch) => {
      scheduler.step(Number(c.metrics?.[epoch] ?? 1));
      expect(Math.abs(scheduler.lr - rate), `after epoch ${epoch + 1}`).toBeLessThan(1e-12);
      const copy = create(paramsOf(c), { ...facts, epochs: facts.epochs + 5 });
      copy.restore(scheduler.state());
      expect(copy.lr).toBe(scheduler.lr);
      expect(copy.state()).toEqual(scheduler.state());
    });
  },
);

test("none leaves the learning rate alone", async () => {
  const scheduler = (await schedulers.get("none").load())({}, { lr: 0.25, epochs: 3 });
  for (const metric of [1, 2, NaN]) scheduler.step(metric);
  expect(scheduler.lr).toBe(0.25);
});
