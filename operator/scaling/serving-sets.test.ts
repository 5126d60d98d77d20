import { describe, expect, it } from "vitest";
import { servingSets } from "./serving-sets.ts";

const group = (name: string, ...presets: string[]) => ({ name, serves: new Set(presets) });

describe("servingSets", () => {
  it("combines presets that the same groups serve, and omits presets that no group serves", () => {
    const groups = [group("gpu", "maya", "zoe", "both", ""), group("cpu", "leo", "both")];
    expect(servingSets(groups, ["maya", "both", "leo", "zoe", "nobody", ""])).toEqual([
      { key: "gpu", groups: ["gpu"], presets: ["maya", "zoe", ""] },
      { key: "cpu", groups: ["cpu"], presets: ["leo"] },
      { key: "gpu+cpu", groups: ["gpu", "cpu"], presets: ["both"] },
    ]);
  });

  it("keeps the fill order of groups", () => {
    expect(servingSets([group("b", "x"), group("a", "x")], ["x"])).toEqual([{ key: "b+a", groups: ["b", "a"], presets: ["x"] }]);
  });
});
