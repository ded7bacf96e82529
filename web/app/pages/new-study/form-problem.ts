/** What the service refuses, brought to the field that it is about. */
import { ApiProblem, messageOf } from "../../api/client.js";

/** Fields that a refusal can stand beside. */
export type FormField = "name" | "command" | "cwd" | "pattern" | "search" | "from" | "constraints" | "pruneBy";

/** How refusals begin that are about a field. */
const beginnings: Readonly<Record<FormField, RegExp>> = {
  name: /^(?:invalid )?study name|^study ".*" exists/,
  command: /^(?:--)?command\b/,
  cwd: /^cwd\b|^(?:--)?command: (?:the folder|what it should run in)/,
  pattern: /^(?:--)?report.pattern\b/,
  search: /^(?:--)?search\b|^--command: say what is searched/,
  from: /^study ".*" (?:gives|is to)|^(?:createStudy: )?(?:from|top)\b/,
  constraints: /^(?:--)?constraint/,
  pruneBy: /^(?:--)?prune.by\b/,
};
/** Those that another one's beginning would hold as well come first. */
const order = ["cwd", "search", "name", "command", "pattern", "from", "constraints", "pruneBy"] as const;

/** The field that a refusal is about, and what it says; null where it is about the whole. */
export function fieldProblem(error: unknown): { readonly field: FormField; readonly message: string } | null {
  if (error === null) return null;
  const message = messageOf(error);
  const field = order.find((one) => beginnings[one].test(message));
  if (field !== undefined) return { field, message };
  return error instanceof ApiProblem && error.code === "unknown-study" ? { field: "from", message } : null;
}
