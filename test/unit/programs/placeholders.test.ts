/** Placeholders of a program's words, and lines of bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandWords, shellLine } from "../../../src/core/command-words.js";
import { Lines } from "../../../src/programs/lines.js";
import { OutputLog } from "../../../src/programs/output-log.js";
import { passedOn, programWords, requirePlaceholders } from "../../../src/programs/placeholders.js";

const filled = (words: readonly string[], params = { lr: 0.5, "train.lr": 2, "odd name": true }): string[] =>
  programWords({ words, shell: false }, { params, space: { off: { type: "categorical", choices: [1] } } }, "/trial");

describe("placeholders", () => {
  test.each([
    ["--lr={lr}", "--lr=0.5"],
    ["{train.lr}{lr}", "20.5"],
    ["{off}|", "|"],
    ["{{lr}} {{no}} {{ lr }}", "{lr} {no} {{ lr }}"],
    ["{json}", "/trial/params.json"],
    // Other braces stand for themselves.
    ['{"lr": {lr}, "deep": {"lr":{lr}}}', '{"lr": 0.5, "deep": {"lr":0.5}}'],
    ["{ print $1 } {} {1,2} {3}", "{ print $1 } {} {1,2} {3}"],
    ["x {args}", "x --lr 0.5 --train.lr 2 '--odd name' true"],
  ])("%s is %s", (word, text) => {
    expect(filled([word])).toEqual([text]);
  });

  test("a word that is {args} becomes all of its words", () => {
    expect(filled(["a", "{args}", "b"])).toEqual(["a", "--lr", "0.5", "--train.lr", "2", "--odd name", "true", "b"]);
  });

  test("a shell's ${lr} is left to it, and is a placeholder without one", () => {
    const job = { params: { lr: 1 } };
    expect(programWords({ words: ["x ${lr} {lr}"], shell: true }, job, "/").at(-1)).toBe("x ${lr} 1");
    expect(programWords({ words: ["x", "${lr}"], shell: false }, job, "/")).toEqual(["x", "$1"]);
    expect(() => requirePlaceholders({ words: ["echo ${HOME}"], shell: true }, ["lr"], "--command")).not.toThrow();
    expect(() => requirePlaceholders({ words: ["${HOME}"], shell: false }, ["lr"], "--command")).toThrow(
      "{HOME} is no parameter",
    );
  });

  test("what is passed on by name, and all of it", () => {
    const of = (...words: string[]) => passedOn({ words, shell: false }, ["lr", "units"]);
    expect(of("train", "{lr}", "{{units}}")).toEqual(new Set(["lr"]));
    expect(of("train", "{args}")).toBe("all");
    expect(of("train", "{json}")).toBe("all");
  });

  test("words as a shell's line are split into the same words again", () => {
    const word = fc.string({ minLength: 0, maxLength: 8, unit: fc.constantFrom(..."ab'\"\\ $`*~{};|&<>()\n=-é") });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (more) => {
        const words = ["run", ...more];
        expect(commandWords("--command", shellLine(words))).toEqual(words);
      }),
    );
  });
});

describe("lines", () => {
  /** What a terminal shows of each line in the end. */
  const shown = (text: string): string[] =>
    text
      .split("\n")
      .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line).split("\r").at(-1) as string)
      .filter((line) => line !== "");

  test("are the same however the bytes come", () => {
    const piece = fc.constantFrom("a", "{x", "é", "\n", "\r\n", "\r", " ", "0123456789");
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
        (pieces, cuts) => {
          const bytes = Buffer.from(pieces.join(""));
          const found: string[] = [];
          const lines = new Lines((line) => found.push(line));
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = 1 + (cuts[i % cuts.length] as number);
            lines.write(bytes.subarray(at, at + size));
            at += size;
          }
          lines.end();
          expect(found).toEqual(shown(pieces.join("")));
        },
      ),
    );
  });

  test("a progress bar of any length is its last state; a line that is too long is passed over to its end", () => {
    const found: string[] = [];
    const lines = new Lines((line) => found.push(line));
    for (let i = 0; i < 5000; i++) lines.write(Buffer.from(`${String(i).padStart(60, "#")}\r`));
    lines.write(Buffer.from("done\n"));
    for (let i = 0; i < 20; i++) lines.write(Buffer.alloc(10_000, "x"));
    lines.write(Buffer.from("end\nnext\n"));
    expect(found).toEqual(["done", "next"]);
  });

  test("those that are no objects are passed over where only objects are asked for", () => {
    const found: string[] = [];
    const lines = new Lines((line) => found.push(line), true);
    lines.write(Buffer.from('epoch 1\n  {"a":1}\n\t{\nx{}\n'));
    expect(found).toEqual(['  {"a":1}', "\t{"]);
  });
});

test("a log keeps its beginning and its end, and counts what is left out", () => {
  const sizes = fc.array(fc.nat(40), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const text = lengths.map((length, i) => String(i % 10).repeat(length)).join("");
      let written = "";
      const log = new OutputLog((bytes) => (written += Buffer.from(bytes as Uint8Array).toString()), {
        head: 100,
        tail: 50,
      });
      let at = 0;
      for (const length of lengths) log.write(Buffer.from(text.slice(at, (at += length))));
      log.end();
      const leftOut = text.length - 150;
      const marked = `${text.slice(0, 100)}\nmlbench-hpo: ${leftOut} bytes are left out here\n${text.slice(-50)}`;
      expect(written).toBe(leftOut <= 0 ? text : marked);
    }),
  );
});
