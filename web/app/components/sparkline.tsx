/** The best value so far as a line without axes. */
import type { WireNumber } from "../api/types.js";
import { HEIGHT, sparkPoints, WIDTH } from "./spark-points.js";

/** Says nothing to those who don't see it: the best value stands beside. */
export function Sparkline({ values }: { readonly values: readonly (WireNumber | null)[] }) {
  const points = sparkPoints(values);
  const last = points.split(" ").at(-1)?.split(",");
  if (!points.includes(" ")) return null;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={points} />
      {last && <circle cx={last[0]} cy={last[1]} r="2.4" />}
    </svg>
  );
}
