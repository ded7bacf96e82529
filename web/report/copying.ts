/** Buttons that copy the command beside them. */

/** For how long a button says that it has copied. */
const SAID_MS = 1500;

/** Where a page may not write to the clipboard (opened as a file, in some browsers), the command is selected instead. */
async function copy(code: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return "Copied";
  } catch {
    getSelection()?.selectAllChildren(code);
    return "Selected";
  }
}

/** Brings all of them to life. */
export function startCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button.copy")) {
    const code = button.parentElement?.querySelector("code");
    if (!code) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      void copy(code).then((said) => {
        button.textContent = said;
        setTimeout(() => (button.textContent = "Copy"), SAID_MS);
      });
    });
  }
}
