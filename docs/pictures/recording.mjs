// A terminal's recording as an SVG: its frames below each other in one strip, which CSS moves past a window.
import xterm from "@xterm/headless";

const CELL = { width: 7.85, height: 17, size: 13 };
const BAR = 30;
const PAD = 12;
/** Frames closer than this in time are one. */
const LEAST_SECONDS = 0.12;
/** Nothing happens for longer than this. */
const MOST_PAUSE = 0.6;
const LAST_SECONDS = 6;
const TYPING_SECONDS = 1.2;
/** A picture that is played on a page of text is no film. */
const MOST_FRAMES = 60;

const palette = ["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"];
const bright = ["#8b949e", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc"];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function colorOf(cell) {
  if (!cell.isFgPalette()) return null;
  const color = cell.getFgColor();
  return color < 8 ? palette[color] : color < 16 ? bright[color - 8] : null;
}

/** A line as runs of one style. */
function runsOf(line, columns) {
  const runs = [];
  for (let x = 0; x < columns; x++) {
    const cell = line.getCell(x);
    if (!cell || cell.getWidth() === 0) continue;
    const style = [colorOf(cell) ?? "", cell.isBold() ? "b" : "", cell.isDim() ? "d" : ""].join("|");
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    if (last?.style === style) last.text += text;
    else runs.push({ x, style, text });
  }
  return runs.filter(({ text }) => text.trim() !== "");
}

function screenOf(terminal, { columns, rows }) {
  const { active } = terminal.buffer;
  const lines = [];
  for (let y = 0; y < rows; y++) {
    const line = active.getLine(active.viewportY + y);
    for (const { x, style, text } of line ? runsOf(line, columns) : []) {
      const [color, bold, dim] = style.split("|");
      const look = [color && `fill="${color}"`, bold && 'font-weight="bold"', dim && 'opacity=".6"'].filter(Boolean);
      const kept = text.trimEnd();
      lines.push(
        `<text x="${(x * CELL.width).toFixed(1)}" y="${(y + 0.75) * CELL.height}" textLength="${(kept.length * CELL.width).toFixed(1)}"${look.length > 0 ? ` ${look.join(" ")}` : ""}>${escaped(kept)}</text>`,
      );
    }
  }
  return lines.join("");
}

/** The screens of all scenes, with when each is shown; long pauses are cut. */
async function framesOf(scenes, size) {
  const terminal = new xterm.Terminal({
    cols: size.columns,
    rows: size.rows,
    allowProposedApi: true,
    scrollback: 1000,
  });
  const write = (text) => new Promise((resolve) => terminal.write(text, resolve));
  const frames = [];
  let now = 0;
  for (const { typed, pieces } of scenes) {
    await write(`\x1b[32m$\x1b[0m ${typed}`);
    frames.push([now, screenOf(terminal, size)]);
    now += TYPING_SECONDS;
    await write("\r\n");
    let before = 0;
    for (const [at, text] of pieces) {
      now += Math.min(at - before, MOST_PAUSE);
      before = at;
      await write(text);
      const screen = screenOf(terminal, size);
      const last = frames.at(-1);
      if (last[1] === screen) continue;
      if (now - last[0] < LEAST_SECONDS) last[1] = screen;
      else frames.push([now, screen]);
    }
    now += MOST_PAUSE;
  }
  return { frames: thinned(frames), seconds: now + LAST_SECONDS };
}

/** Evenly taken, the first and the last among them. */
function thinned(frames) {
  if (frames.length <= MOST_FRAMES) return frames;
  return Array.from(
    { length: MOST_FRAMES },
    (_, i) => frames[Math.round((i * (frames.length - 1)) / (MOST_FRAMES - 1))],
  );
}

/**
 * The recording as the text of an SVG. Readers who want no motion get its last frame.
 * @param scenes what was typed, and the pieces that came of it: seconds since it was, and text
 */
export async function recordingAsSvg(scenes, size) {
  const { frames, seconds } = await framesOf(scenes, size);
  const [width, height] = [Math.ceil(size.columns * CELL.width), size.rows * CELL.height];
  const steps = frames.map(
    ([at], i) => `${((100 * at) / seconds).toFixed(2)}%{transform:translateY(${-i * height}px)}`,
  );
  const last = `translateY(${-(frames.length - 1) * height}px)`;
  const [whole, tall] = [width + 2 * PAD, height + BAR + PAD];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${tall}" width="${whole}" height="${tall}" role="img" aria-label="A recording of ${escaped(scenes.map(({ typed }) => typed).join(" and "))}">
<style>text{font:${CELL.size}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.film{fill:#c9d1d9;animation:film ${seconds.toFixed(1)}s steps(1,end) infinite}
@keyframes film{${steps.join("")}100%{transform:${last}}}
@media (prefers-reduced-motion:reduce){.film{animation:none;transform:${last}}}</style>
<rect width="${whole}" height="${tall}" rx="10" fill="#0d1117"/>
${["#ff5f56", "#ffbd2e", "#27c93f"].map((color, i) => `<circle cx="${18 + 18 * i}" cy="16" r="5.5" fill="${color}"/>`).join("")}
<svg x="${PAD}" y="${BAR}" width="${width}" height="${height}"><g class="film">
${frames.map(([, screen], i) => `<g transform="translate(0 ${i * height})">${screen}</g>`).join("\n")}
</g></svg>
</svg>
`;
}
