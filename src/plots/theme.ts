/** Light and dark: the colours that the names in a plot's option stand for. */

/** The themes that a plot can be drawn in. */
export const themeNames = ["light", "dark"] as const;
/** One of `themeNames`. */
export type ThemeName = (typeof themeNames)[number];

/** Okabe and Ito (2008): told apart by those who see no red or green, too. Lines also differ by dashes, points by shape. */
const light = {
  background: "#ffffff",
  text: "#222222",
  muted: "#5f6368",
  axis: "#444444",
  grid: "#e6e6e6",
  faint: "#9aa0a6",
  band: "#7f7f7f",
  series1: "#0072b2",
  series2: "#d55e00",
  series3: "#009e73",
  series4: "#cc79a7",
  series5: "#e69f00",
  series6: "#56b4e9",
  series7: "#000000",
  scale1: "#f0dc5a",
  scale2: "#cfbb5e",
  scale3: "#a59c74",
  scale4: "#7c7b78",
  scale5: "#575d6d",
  scale6: "#2f4a75",
  scale7: "#00224e",
};

/** A colour's name in a theme, without the `@`. */
export type ColorName = keyof typeof light;

const dark: Readonly<Record<ColorName, string>> = {
  background: "#16181d",
  text: "#e8eaed",
  muted: "#a9adb5",
  axis: "#9aa0a6",
  grid: "#30343b",
  faint: "#70757d",
  band: "#8a9099",
  series1: "#56b4e9",
  series2: "#e8762c",
  series3: "#1fb58a",
  series4: "#cc79a7",
  series5: "#e69f00",
  series6: "#f0e442",
  series7: "#ffffff",
  scale1: "#35508a",
  scale2: "#5a6a8c",
  scale3: "#7c7b78",
  scale4: "#a59c74",
  scale5: "#c3b369",
  scale6: "#e1cc55",
  scale7: "#fee838",
};

/** The colours of each theme, by name. */
export const themes: Readonly<Record<ThemeName, Readonly<Record<ColorName, string>>>> = { light, dark };

/** How many series have colours of their own. */
export const seriesColors = 7;

/** The name of the n-th series' colour, from 0. */
export const seriesColor = (index: number): string => `@series${(index % seriesColors) + 1}`;

/**
 * From what matters least to what stands out, for values as colours: after cividis (Nunez, Anderton and Renslow 2018), which
 * those read as light and dark who see no red or green. What stands out is dark on white and bright on black.
 */
export const scaleColors: readonly string[] = [1, 2, 3, 4, 5, 6, 7].map((i) => `@scale${i}`);

/** Keys under which an option has colours: what stands elsewhere may be a user's word that looks like one. */
const isColorKey = (key: string): boolean => /color$/i.test(key) || key === "fill" || key === "stroke";

/** An option with its theme's colours in the place of their names. */
export function themed<T>(option: T, theme: ThemeName): T {
  const colors: Readonly<Record<string, string>> = themes[theme];
  const walk = (value: unknown, isColor: boolean): unknown => {
    if (typeof value === "string") return isColor && value.startsWith("@") ? (colors[value.slice(1)] ?? value) : value;
    if (Array.isArray(value)) {
      // Long lists of numbers are data.
      if (value.length > 0 && typeof value[0] === "number") return value;
      return value.map((item) => walk(item, isColor));
    }
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, isColor || isColorKey(key))]),
    );
  };
  return walk(option, false) as T;
}
