import type { V1EnvVar } from "@kubernetes/client-node";

/** Prefix of all variables of the container that fetches models. */
export const ASSETS_PREFIX = "AVATARPOOL_ASSETS_";

/** Linux accepts 128 kB per variable, including its name, and 2 MB in total. */
const VARIABLE_LIMIT_BYTES = 96_000;

/**
 * The list of models, split over the variables `AVATARPOOL_ASSETS_0` and so on, each with a JSON list. No value contains a `$`,
 * which the kubelet would expand.
 */
export function assetVariables(assets: readonly object[]): readonly V1EnvVar[] {
  const lists: string[][] = [[]];
  let bytes = 0;
  for (const asset of assets) {
    const json = JSON.stringify(asset).replaceAll("$", "\\u0024");
    const size = Buffer.byteLength(json) + 1;
    if (bytes > 0 && bytes + size > VARIABLE_LIMIT_BYTES) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(json);
    bytes += size;
  }
  return lists.map((list, index) => ({ name: `${ASSETS_PREFIX}${index}`, value: `[${list.join(",")}]` }));
}
