/** For tests of the declarations in dist/, which must be what the sources make: `npm run build` leaves them as they are. */
import { staleTypes } from "../build-stamp.mjs";
import { projectRoot } from "./integration/cli.js";

/** @throws when the declarations are older than the sources. */
export function requireTypes(): void {
  const wrong = staleTypes(projectRoot);
  if (wrong) throw new Error(wrong);
}
