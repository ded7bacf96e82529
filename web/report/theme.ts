/** Light and dark: what the reader's system prefers, or what they switch to. */

/** The themes there are. */
export type ThemeName = "light" | "dark";

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const listeners: ((theme: ThemeName) => void)[] = [];

export function themeNow(): ThemeName {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : prefersDark.matches ? "dark" : "light";
}

/** Calls whenever the theme changes. */
export function onTheme(listener: (theme: ThemeName) => void): void {
  listeners.push(listener);
}

function tell(theme = themeNow()): void {
  for (const listener of listeners) listener(theme);
}

/** Brings the switch to life. */
export function startTheme(button: HTMLElement | null): void {
  const label = (): void => {
    if (button) button.textContent = themeNow() === "dark" ? "Light theme" : "Dark theme";
  };
  onTheme(label);
  label();
  prefersDark.addEventListener("change", () => tell());
  // Paper is white, whatever the screen is.
  addEventListener("beforeprint", () => tell("light"));
  addEventListener("afterprint", () => tell());
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    document.documentElement.dataset["theme"] = themeNow() === "dark" ? "light" : "dark";
    tell();
  });
}
