/** An error as the API tells it: RFC 9457, with our codes. */
import { z } from "zod";
import { list } from "./values.js";

/** A field in which a study differs from the one that was asked for. */
const difference = z.strictObject({
  field: z.string(),
  existing: z.unknown().describe("Absent where the study has no such field.").optional(),
  requested: z.unknown().describe("Absent where the request has no such field.").optional(),
});

/** `application/problem+json`. */
export const problem = z
  .looseObject({
    type: z.string().describe("Names the kind of problem: ends with its code."),
    title: z.string().describe("The kind of problem, in words."),
    status: z.int(),
    detail: z.string().describe("One line: what was wrong, with which input, and what would be right."),
    code: z.string().describe("Stable; listed in docs/reference/errors.md."),
    differences: list(difference).describe("`study-exists`: what differs.").optional(),
    pid: z.int().describe("`study-locked`: the process that has the study open.").optional(),
    host: z.string().describe("`study-locked`: where that process is.").optional(),
    url: z.string().describe("`study-locked`: the service that has the study open.").optional(),
  })
  .meta({ id: "Problem", description: "An error (RFC 9457). Further members say more about some codes." });
/** As {@link problem}. */
export type Problem = z.output<typeof problem>;

/** The answer of a route that can fail so, as {@link problem}. */
export function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problem } } };
}
