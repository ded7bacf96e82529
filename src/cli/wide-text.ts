/** Texts beyond ASCII measured and wrapped: ideographs, emoji, combining marks. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** What knows texts beyond ASCII. */
export interface WideText {
  width(text: string): number;
  wrap(text: string, width: number): string[];
  graphemes(text: string): string[];
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export const wideText: WideText = {
  width: (text) => stringWidth(text),
  wrap: (text, width) => wrapAnsi(text, width, { hard: true }).split("\n"),
  graphemes: (text) => Array.from(segmenter.segment(text), ({ segment }) => segment),
};
