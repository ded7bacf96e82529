/** A batch that a server has refused, in smaller ones: what is at fault is found by halving. */
import type { Batch } from "./limits.js";

/** Two batches that together are this one; null of one that has a single entry. */
export function halved({ metrics, params, tags }: Batch): [Batch, Batch] | null {
  const size = metrics.length + params.length + tags.length;
  if (size < 2) return null;
  const none: Batch = { metrics: [], params: [], tags: [] };
  // Kinds apart first: mostly one param is at fault.
  const kinds: Batch[] = [
    ...(tags.length > 0 ? [{ ...none, tags }] : []),
    ...(params.length > 0 ? [{ ...none, params }] : []),
    ...(metrics.length > 0 ? [{ ...none, metrics }] : []),
  ];
  const [first, ...rest] = kinds;
  if (first && rest.length > 0) return [first, rest.reduce((sum, kind) => ({ ...sum, ...pick(kind) }), none)];
  const at = Math.ceil(size / 2);
  const half = (from: number, to?: number): Batch => ({
    ...{ metrics: metrics.slice(from, to), params: params.slice(from, to), tags: tags.slice(from, to) },
  });
  return [half(0, at), half(at)];
}

function pick({ metrics, params, tags }: Batch): Partial<Batch> {
  if (metrics.length > 0) return { metrics };
  return params.length > 0 ? { params } : { tags };
}
