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

/** From one place where a grapheme surely begins to another: the segmenter takes time in the square of a text's length. */
const PIECE = /[^]{400}[^]*?(?=[ -~\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]|$)|[^]+/gu;

function piecesOf(text: string): readonly string[] {
  return text.length <= 400 ? [text] : (text.match(PIECE) ?? []);
}

export const wideText: WideText = {
  width: (text) => piecesOf(text).reduce((sum, piece) => sum + stringWidth(piece), 0),
  wrap: (text, width) => wrapAnsi(text, width, { hard: true }).split("\n"),
  graphemes: (text) =>
    piecesOf(text).flatMap((piece) => Array.from(segmenter.segment(piece), ({ segment }) => segment)),
};
