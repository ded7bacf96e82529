/** Light and dark: the colours that the names in a plot's option stand for. */

/** The themes that a plot can be drawn in. */
export const themeNames = ["light", "dark"] as const;
/** One of {@link themeNames}. */
export type ThemeName = (typeof themeNames)[number];

/** Okabe and Ito (2008): told apart by those who see no red or green, too. Lines also differ by dashes, points by shape. */
const light = {
  background: "#ffffff",
  text: "#222222",
  muted: "#5f6368",
  axis: "#444444",
  grid: "#e6e6e6",
  faint: "#9aa0a6",
  series1: "#0072b2",
  series2: "#d55e00",
  series3: "#009e73",
  series4: "#cc79a7",
  series5: "#e69f00",
  series6: "#56b4e9",
  series7: "#000000",
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
  series1: "#56b4e9",
  series2: "#e8762c",
  series3: "#1fb58a",
  series4: "#cc79a7",
  series5: "#e69f00",
  series6: "#f0e442",
  series7: "#ffffff",
};

/** The colours of each theme, by name. */
export const themes: Readonly<Record<ThemeName, Readonly<Record<ColorName, string>>>> = { light, dark };

/** How many series have colours of their own. */
export const seriesColors = 7;

/** The name of the n-th series' colour, from 0. */
export const seriesColor = (index: number): string => `@series${(index % seriesColors) + 1}`;

/**
 * From bad to good, for values as colours: cividis (Nunez, Anderton and Renslow 2018), which also those read as light and
 * dark who see no red or green. The same in both themes.
 */
export const valueColors: readonly string[] = [
  ...["#00224e", "#123570", "#3b496c", "#575d6d", "#707173"],
  ...["#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
];

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
