/** The names of the files that the parts of a cross-validated run have. */

/**
 * A part's own file beside the one that is named: `best.safetensors` -> `best.B0005.safetensors`.
 * @param part what stands in its name: `B0005`, `2-of-5.seed-3`
 */
export function partFile(path: string, { file: part }: { readonly file: string }): string {
  return `${path.replace(/\.safetensors$/, "")}.${part}.safetensors`;
}
