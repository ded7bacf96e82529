/** Tokens as they stand in URLs and in what people paste. */

/** The token in a fragment `#token=…`; null without one. */
export function tokenIn(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("token");
  return token === null || token === "" ? null : token;
}

/** The token of what somebody pasted: itself, or the URL that has it. */
export function pastedToken(text: string): string {
  const trimmed = text.trim();
  const hash = trimmed.indexOf("#");
  return (hash >= 0 ? tokenIn(trimmed.slice(hash)) : null) ?? trimmed.replace(/^token=/, "");
}
