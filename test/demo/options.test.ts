import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("reads the flags", () => {
  expect(parseOptions([])).toEqual({ loadSeconds: 120, json: false, open: false, keep: false, media: false });
  expect(parseOptions(["--seconds", "90", "--json"])).toEqual({
    loadSeconds: 90,
    json: true,
    open: false,
    keep: false,
    media: false,
  });
  expect(parseOptions(["--open", "--keep"])).toMatchObject({ open: true, keep: true });
  expect(parseOptions(["--media"])).toMatchObject({ media: true });
  expect(parseOptions(["-h"])).toBe("help");
});

it.each([
  [["--seconds", "5"]],
  [["--seconds", "soon"]],
  [["--seconds", "1e9"]],
  [["--second", "90"]],
  [["90"]],
  [["--seconds"]],
  [["--media", "--keep"]],
  [["--media", "--open"]],
  [["--media", "--seconds", "90"]],
])("rejects %j with one sentence", (args) => {
  expect(() => parseOptions(args)).toThrow(/^[^\n]{10,200}$/);
});
