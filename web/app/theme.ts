/** Light and dark: what the reader's system prefers, or what they chose. */
import { computed, effect, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { ThemeName } from "../../src/plots/theme.js";

export type { ThemeName };

/** What can be chosen. */
export const themeChoices = ["auto", "light", "dark"] as const;
/** One of {@link themeChoices}. */
export type ThemeChoice = (typeof themeChoices)[number];

const KEY = "mlbench-hpo:theme";

function kept(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY);
    return themeChoices.find((choice) => choice === text) ?? "auto";
  } catch {
    // A browser may keep nothing.
    return "auto";
  }
}

/** What the reader chose. */
export const themeChoice = signal<ThemeChoice>(kept());

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(prefersDark.matches);
const printing = signal(false);

/** What is drawn in; paper is white, whatever the screen is. */
export const theme: ReadonlySignal<ThemeName> = computed(() => {
  if (printing.value) return "light";
  if (themeChoice.value !== "auto") return themeChoice.value;
  return systemDark.value ? "dark" : "light";
});

/** Follows the system and the reader. */
export function startTheme(): void {
  prefersDark.addEventListener("change", () => (systemDark.value = prefersDark.matches));
  addEventListener("beforeprint", () => (printing.value = true));
  addEventListener("afterprint", () => (printing.value = false));
  effect(() => {
    const choice = themeChoice.value;
    if (choice === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Then it holds for this page alone.
    }
  });
}
