/** Plots on their way to a page: what is made, what is sent, and what stays. */
import { expect, test, vi } from "vitest";
import { SentPlots } from "../../../web/app/columns/sent-plots.js";
import type { WebPlot } from "../../../web/app/columns/web-plot.js";

const plotOf = (title: string, values: readonly number[]): WebPlot => ({
  ...{ kind: "history", title, notes: [], width: 300, height: 200 },
  option: {
    ...{ xAxis: { type: "category", data: ["a", "b"], name: "left out" }, yAxis: [{ type: "value", gridIndex: 0 }] },
    ...{ dataZoom: [{ type: "inside" }], series: [{ type: "line", dimensions: ["x", "trial"], data: values }] },
  },
  table: { columns: ["trial", "value"], rows: values.map((value, trial) => [trial, value]) },
});

test("a plot goes with its option as bytes, what a page reads of it, and without its table", async () => {
  const plots = new SentPlots();
  const sent = await plots.send("q", 1, () => plotOf("one", [3, 4]), undefined);
  const option = JSON.parse(new TextDecoder().decode(sent?.drawing)) as Record<string, unknown>;
  expect(option["series"]).toMatchObject([{ data: [3, 4] }]);
  // Wheels scroll a page.
  expect(option).not.toHaveProperty("dataZoom");
  expect(sent).toMatchObject({ title: "one", columns: ["trial", "value"] });
  expect(sent).not.toHaveProperty("option");
  expect(sent).not.toHaveProperty("table");
  expect(sent?.outline).toEqual({
    ...{ xAxis: [{ type: "category", data: ["a", "b"] }], yAxis: [{ type: "value", gridIndex: 0 }] },
    ...{ series: [{ dimensions: ["x", "trial"] }], isZoomed: false },
  });
  const asItIs = await plots.send(
    "q",
    1,
    () => plotOf("one", [3, 4]),
    undefined,
    (plot) => plot,
  );
  expect(asItIs?.outline["isZoomed"]).toBe(true);
});

test("while the version is the same, nothing is made again for a page that has the plot", async () => {
  const plots = new SentPlots();
  const make = vi.fn(() => plotOf("one", [1]));
  const first = await plots.send("q", 1, make, undefined);
  expect(await plots.send("q", 1, make, first?.id)).toBeNull();
  expect(make).toHaveBeenCalledTimes(1);
  // One whose version nobody knows, one that does not have it yet, and another question.
  expect(await plots.send("q", null, make, first?.id)).toBeNull();
  expect(await plots.send("q", 1, make, undefined)).not.toBeNull();
  expect(await plots.send("other", 1, make, first?.id)).not.toBeNull();
  expect(make).toHaveBeenCalledTimes(4);
});

test("what is made anew is sent only if something of it differs, and its table is the new one all the same", async () => {
  const plots = new SentPlots();
  const first = await plots.send("q", 1, () => plotOf("one", [1, 2]), undefined);
  const id = first?.id ?? "";
  const longer = { ...plotOf("one", [1, 2]), table: { columns: ["trial"], rows: [[7]] } };
  expect(await plots.send("q", 2, () => longer, id)).toBeNull();
  expect((await plots.table(id)).rows).toEqual([[7]]);
  const noted = await plots.send("q", 3, () => ({ ...longer, notes: ["a note"] }), id);
  expect(noted?.notes).toEqual(["a note"]);
  const drawn = await plots.send("q", 4, () => ({ ...plotOf("one", [1, 5]), notes: ["a note"] }), noted?.id);
  expect(drawn?.id).not.toBe(noted?.id);
});

test("a table is made when it is asked for, of what was replaced for a while, of what a page has always", async () => {
  const plots = new SentPlots();
  const kept = await plots.send("kept", 0, () => plotOf("kept", [1]), undefined);
  let known: string | undefined;
  const ids: string[] = [];
  for (let version = 1; version <= 80; version++) {
    const sent = await plots.send("busy", version, () => plotOf(`busy ${version}`, [version]), known);
    known = sent?.id ?? known;
    ids.push(known ?? "");
  }
  expect((await plots.table(kept?.id ?? "")).rows).toEqual([[0, 1]]);
  expect((await plots.table(ids[70] ?? "")).rows).toEqual([[0, 71]]);
  await expect(plots.table(ids[0] ?? "")).rejects.toThrow("draw it again");
});
