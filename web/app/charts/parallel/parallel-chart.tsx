/** Trials as lines over parallel axes: painted on a canvas, with axes that are brushed, moved and read. */
import { useEffect, useRef, useState } from "preact/hooks";
import { shortNumber } from "../../../../src/core/numbers-in-words.js";
import { askColumns } from "../../columns/columns-client.js";
import type { ParallelLines } from "../../columns/parallel-lines.js";
import { useStudyAnswer } from "../../columns/use-answer.js";
import { ErrorBox } from "../../components/messages.js";
import { withRange } from "../../filter/filter.js";
import type { Range, TrialFilter } from "../../filter/filter.js";
import { draftFilter, setFilter } from "../../filter/place-filter.js";
import { navigate, paths } from "../../router.js";
import type { StudyStore } from "../../store/study-store.js";
import { theme } from "../../theme.js";
import { ChartFrame } from "../chart-frame.js";
import type { ChartTableData } from "../chart-frame.js";
import { AxisDialog } from "./axis-dialog.js";
import { nearestAxis, parallelLayout, rangeBetween, shareAt, sharesOfRange, yOf } from "./layout.js";
import type { ParallelLayout } from "./layout.js";
import { Painter } from "./painter.js";
import { lineAt, linesAsSvg } from "./painting.js";

/** Pixels. */
const HEIGHT = 380;
const MOST_LINES = 20_000;
const MOST_FOLLOWING = 4_000;
/** Twenty thousand lines are a megabyte each time: they follow a study that is under way so often. */
const PAUSE_MS = 500;
/** A press that moves less is a click. */
const CLICK = 4;
/** While an axis is brushed the other charts follow so often. */
const FOLLOW_MS = 180;

/** What it takes. */
export interface ParallelChartProps {
  readonly store: StudyStore;
  readonly filter: TrialFilter;
  readonly axes: readonly string[];
  readonly onAxes: (axes: readonly string[]) => void;
  /** The field that gives colours. */
  readonly color: string;
}

/** What is done with the pointer. */
type Gesture = { readonly type: "brush"; readonly axis: number; readonly from: number; to: number; readonly y: number };

function notesOf({ total, passing, numbers, color, unknown }: ParallelLines, filter: TrialFilter): string[] {
  const count = (n: number): string => n.toLocaleString("en");
  const drawn =
    numbers.length < total ? `${count(numbers.length)} lines are drawn of ${count(total)} trials, taken evenly.` : null;
  return [
    ...(total === 0 ? ["No trial passes the filter."] : []),
    ...(drawn ? [drawn] : []),
    ...(passing < total
      ? [
          `${count(passing)} of ${count(total)} trials lie within the brushed ranges; the others stay in the background.`,
        ]
      : []),
    ...(filter.states.length === 0
      ? ["Complete trials only, without banned ones; choosing states in the filter shows others."]
      : []),
    `Colour: ${color.name}; what stands out is best. Drag along an axis to brush it, press its name for its range and its place.`,
    ...(unknown.length > 0 ? [`Not in this study: ${unknown.join(", ")}.`] : []),
  ];
}

/** Draws it. */
export function ParallelChart({ store, filter, axes, onAxes, color }: ParallelChartProps) {
  const [place, canvas] = [useRef<HTMLDivElement>(null), useRef<HTMLCanvasElement>(null)];
  const [width, setWidth] = useState(0);
  const [gesture, setGesture] = useState<Gesture | null>(null);
  const [hover, setHover] = useState<{ readonly line: number; readonly x: number; readonly y: number } | null>(null);
  const [dialog, setDialog] = useState<number | null>(null);
  const [isPainted, setPainted] = useState(false);
  const followed = useRef(0);
  const { answer: lines, error } = useStudyAnswer(
    store,
    "parallel",
    // While an axis is brushed fewer lines follow the pointer sooner.
    width === 0 ? null : { filter, axes, color, most: gesture ? MOST_FOLLOWING : MOST_LINES },
    PAUSE_MS,
  );

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const measure = (): void => setWidth(Math.floor(element.clientWidth));
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    measure();
    return () => resized.disconnect();
  }, []);
  const layout: ParallelLayout | null = lines && width > 0 ? parallelLayout(lines.axes, width, HEIGHT) : null;
  const painter = useRef<Painter | null>(null);
  useEffect(() => {
    const own = new Painter((picture) => {
      const { current: element } = canvas;
      if (element === null) return;
      [element.width, element.height] = [picture.width, picture.height];
      element.getContext("bitmaprenderer")?.transferFromImageBitmap(picture);
      setPainted(true);
    });
    painter.current = own;
    return () => own.close();
  }, []);
  useEffect(() => {
    if (!lines || !layout) return;
    const { shares, colors, inside, passing } = lines;
    const { width: wide, height, top, bottom } = layout;
    painter.current?.paint({
      lines: { shares, colors, inside, passing },
      places: { width: wide, height, top, bottom, axes: layout.axes.map(({ x }) => ({ x })) },
      ...{ theme: theme.value, ratio: Math.min(3, globalThis.devicePixelRatio || 1) },
    });
  }, [lines, width, theme.value]);
  useEffect(() => () => draftFilter(null), []);

  const at = ({
    clientX,
    clientY,
  }: {
    readonly clientX: number;
    readonly clientY: number;
  }): readonly [number, number] => {
    const box = canvas.current?.getBoundingClientRect();
    return [clientX - (box?.left ?? 0), clientY - (box?.top ?? 0)];
  };
  const rangeOf = ({ axis, from, to }: Gesture): { readonly name: string; readonly range: Range | null } | null => {
    const scale = lines?.axes[axis];
    return scale ? { name: scale.name, range: rangeBetween(scale, from, to) } : null;
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (!layout || event.button !== 0 || layout.axes.length === 0) return;
    const [x, y] = at(event);
    const axis = nearestAxis(layout, x);
    if (Math.abs((layout.axes[axis] as { x: number }).x - x) > 22 || y < layout.top - 8) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    const share = shareAt(layout, y);
    setGesture({ type: "brush", axis, from: share, to: share, y });
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!layout || !lines) return;
    const [x, y] = at(event);
    if (!gesture) {
      const line = lineAt(lines, layout, x, y);
      setHover(line < 0 ? null : { line, x, y });
      return;
    }
    const moved = { ...gesture, to: shareAt(layout, y) };
    setGesture(moved);
    const now = performance.now();
    if (now - followed.current < FOLLOW_MS) return;
    followed.current = now;
    const drawn = rangeOf(moved);
    if (drawn?.range) draftFilter(withRange(filter, drawn.name, drawn.range));
  };
  const onPointerUp = (event: PointerEvent): void => {
    if (!gesture) {
      if (hover && lines) navigate(paths.trial(store.name, lines.numbers[hover.line] as number));
      return;
    }
    const [, y] = at(event);
    const drawn = rangeOf(gesture);
    setGesture(null);
    if (!drawn) return;
    // A press on an axis takes its range away.
    setFilter(withRange(filter, drawn.name, Math.abs(y - gesture.y) < CLICK ? null : drawn.range));
  };
  const move = (axis: number, by: -1 | 1): void => {
    const to = axis + by;
    if (!lines || to < 0 || to >= lines.axes.length) return;
    const names = lines.axes.map(({ name }) => name);
    [names[axis], names[to]] = [names[to] as string, names[axis] as string];
    onAxes(names);
    setDialog(to);
  };
  const table = async (): Promise<ChartTableData> => {
    const fields = ["number", ...axes];
    const states = filter.states.length === 0 ? { ...filter, states: ["complete"] as const } : filter;
    const { numbers } = await askColumns("select", { study: store.name, filter: states, order: null });
    const { rows } = await askColumns("cells", {
      study: store.name,
      numbers: Array.from(numbers.subarray(0, 500)),
      fields,
    });
    const csv = (): Promise<Blob> => askColumns("csv", { study: store.name, filter: states, order: null, fields });
    return {
      columns: fields,
      rows: rows.map((row) => (row ?? []).map((cell) => (typeof cell === "boolean" ? String(cell) : cell))),
      total: numbers.length,
      csv,
    };
  };
  const title = `${store.name}: ${color} over parameters`;
  const hovered = hover && lines && layout ? lines.numbers[hover.line] : undefined;
  const open = dialog !== null ? lines?.axes[dialog] : undefined;
  return (
    <ChartFrame
      title={title}
      notes={lines ? notesOf(lines, filter) : []}
      table={table}
      svg={() => (lines && layout ? linesAsSvg(title, lines, layout, theme.peek()) : "")}
      fileName={`${store.name}-parallel`}
      class="wide"
    >
      <div ref={place} class="parallel-place" data-painted={isPainted ? "" : undefined}>
        {error !== null && <ErrorBox error={error} />}
        {layout && lines && (
          <div class="parallel" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
            <canvas
              ref={canvas}
              role="img"
              aria-label={`${title}; its table says the same`}
              style={{ width: `${layout.width}px`, height: `${layout.height}px` }}
            />
            <svg
              width={layout.width}
              height={layout.height}
              aria-hidden="true"
              onPointerDown={onPointerDown}
              onPointerMove={onPointerMove}
              onPointerUp={onPointerUp}
              onPointerLeave={() => setHover(null)}
              style={{ cursor: hover ? "pointer" : "crosshair" }}
            >
              {layout.axes.map(({ scale, x, marks }, i) => {
                const shares =
                  gesture?.axis === i
                    ? ([Math.min(gesture.from, gesture.to), Math.max(gesture.from, gesture.to)] as const)
                    : sharesOfRange(scale, filter.ranges[scale.name]);
                return (
                  <g key={scale.name}>
                    <line class="axis" x1={x} x2={x} y1={layout.top} y2={layout.bottom} />
                    {marks.map(({ share, text }) => (
                      <g key={`${share}`}>
                        <line class="axis" x1={x - 3} x2={x + 3} y1={yOf(layout, share)} y2={yOf(layout, share)} />
                        <text x={x + 6} y={yOf(layout, share) + 4}>
                          {text}
                        </text>
                      </g>
                    ))}
                    {shares && (
                      <rect
                        class="brush"
                        x={x - 9}
                        width={18}
                        y={yOf(layout, shares[1])}
                        height={Math.max(3, yOf(layout, shares[0]) - yOf(layout, shares[1]))}
                      />
                    )}
                  </g>
                );
              })}
              {hover && <HoveredLine lines={lines} layout={layout} line={hover.line} />}
            </svg>
            {layout.axes.map(({ scale, x, title: name }, i) => (
              <button
                key={scale.name}
                type="button"
                class={`axis-name${i % 2 === 0 ? " high" : ""}`}
                title={scale.name}
                aria-label={`Axis ${scale.name}: range and place`}
                style={{ left: `${x}px` }}
                onClick={() => setDialog(i)}
              >
                {name}
              </button>
            ))}
            {hover && hovered !== undefined && (
              <p
                class="tip"
                style={{ left: `${Math.min(hover.x + 12, layout.width - 130)}px`, top: `${hover.y + 10}px` }}
              >
                trial {hovered}
                {lines.color.choices === null && Number.isFinite(lines.colors[hover.line]) && (
                  <HoveredValue study={store.name} number={hovered} field={lines.color.name} />
                )}
              </p>
            )}
          </div>
        )}
      </div>
      {open && dialog !== null && (
        <AxisDialog
          key={open.name}
          scale={open}
          range={filter.ranges[open.name]}
          onRange={(range) => setFilter(withRange(filter, open.name, range))}
          onMove={(by) => move(dialog, by)}
          onRemove={
            axes.length > 2
              ? () => {
                  setDialog(null);
                  onAxes(axes.filter((name) => name !== open.name));
                }
              : null
          }
          onClose={() => setDialog(null)}
        />
      )}
    </ChartFrame>
  );
}

function HoveredLine({
  lines,
  layout,
  line,
}: {
  readonly lines: ParallelLines;
  readonly layout: ParallelLayout;
  readonly line: number;
}) {
  const count = layout.axes.length;
  let path = "";
  let isFirst = true;
  layout.axes.forEach(({ x }, axis) => {
    const share = lines.shares[line * count + axis] as number;
    if (Number.isNaN(share)) isFirst = true;
    else {
      path += `${isFirst ? "M" : "L"}${x} ${yOf(layout, share)}`;
      isFirst = false;
    }
  });
  return <path class="hovered" d={path} />;
}

function HoveredValue({
  study,
  number,
  field,
}: {
  readonly study: string;
  readonly number: number;
  readonly field: string;
}) {
  const [text, setText] = useState("");
  useEffect(() => {
    let gone = false;
    askColumns("cells", { study, numbers: [number], fields: [field] }).then(
      ({ rows }) => {
        const value = rows[0]?.[0];
        if (!gone) setText(typeof value === "number" ? `: ${shortNumber(value, 5)}` : "");
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [study, number, field]);
  return <>{text}</>;
}
