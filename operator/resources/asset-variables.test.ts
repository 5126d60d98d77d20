import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAssets } from "../sidecar/asset.ts";
import { assetVariables } from "./asset-variables.ts";

/** The variables as the container receives them. */
function started(variables: ReturnType<typeof assetVariables>) {
  return Object.fromEntries(variables.map(({ name, value = "" }) => [name, value.replaceAll("$$", "$")]));
}

describe("the models that a worker fetches", () => {
  it("arrive unchanged, for any number and length, in variables that Linux accepts", () => {
    const asset = fc.record({
      name: fc.stringMatching(/^[a-z0-9]{1,20}$/),
      url: fc.oneof(fc.webUrl(), fc.string({ unit: "grapheme", maxLength: 2_048 })),
    });
    fc.assert(
      fc.property(fc.array(asset, { maxLength: 64 }), (assets) => {
        const variables = assetVariables(assets);
        for (const { name, value = "" } of variables) expect(Buffer.byteLength(`${name}=${value}`)).toBeLessThan(131_072);
        expect(parseAssets(started(variables))).toEqual(assets);
      }),
      { numRuns: 50 },
    );
  });

  it("need several variables if one would be too long", () => {
    const assets = Array.from({ length: 64 }, (_, index) => ({
      name: `p${index}`,
      url: `https://example.com/?${"é$".repeat(1_000)}`,
    }));
    const variables = assetVariables(assets);
    expect(variables.length).toBeGreaterThan(1);
    expect(variables.map(({ name }) => name)).toEqual(variables.map((_, index) => `AVATARPOOL_ASSETS_${index}`));
    expect(parseAssets(started(variables))).toEqual(assets);
  });
});
