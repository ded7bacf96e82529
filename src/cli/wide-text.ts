/** Texts beyond ASCII measured and wrapped: ideographs, emoji, combining marks. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { WideText } from "./text-layout.js";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export const wideText: WideText = {
  width: (text) => stringWidth(text),
  wrap: (text, width) => wrapAnsi(text, width, { hard: true }).split("\n"),
  graphemes: (text) => Array.from(segmenter.segment(text), ({ segment }) => segment),
};
