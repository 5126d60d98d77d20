import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type LaunchChoice, launchSourceOf, recordedOr } from "./launch-choice.ts";

const CSV = "arrival_s,duration_s\n0,60\n";
const inputs = { pool: "kind: AvatarPool", launches: [{ arrivalS: 1, durationS: 60 }], fromMs: 5, about: "" };
const chosen = (changes: Partial<LaunchChoice>): LaunchChoice => ({ ...recordedOr(inputs), ...changes });

describe("the chosen launches", () => {
  it("are the last hours if the operator has launches, else generated ones", () => {
    expect(recordedOr(inputs).kind).toBe("recorded");
    expect(recordedOr({ ...inputs, launches: [] }).kind).toBe("generated");
    expect(recordedOr(undefined).kind).toBe("generated");
  });

  it("are read from a CSV file, also a compressed one", async () => {
    const plain = chosen({ kind: "csv", file: new File([CSV], "day.csv") });
    expect(await launchSourceOf(plain, inputs)).toEqual({ kind: "csv", name: "day.csv", text: CSV });
    const packed = chosen({ kind: "csv", file: new File([new Uint8Array(gzipSync(CSV))], "day.csv.gz") });
    expect(await launchSourceOf(packed, inputs)).toMatchObject({ text: CSV });
  });

  it.each([
    ["no file", chosen({ kind: "csv" }), "no file is chosen"],
    ["a large file", chosen({ kind: "csv", file: new File([new Uint8Array(20_000_001)], "day.csv") }), "at most 20 MB"],
    [
      "a small file with a large content",
      chosen({ kind: "csv", file: new File([new Uint8Array(gzipSync(Buffer.alloc(21_000_000)))], "day.csv.gz") }),
      "more than 20 MB after decompression",
    ],
    ["a file that is not compressed", chosen({ kind: "csv", file: new File([CSV], "day.csv.gz") }), "is not a gzip file"],
  ])("are refused with the reason: %s", async (_, choice, reason) => {
    await expect(launchSourceOf(choice, inputs)).rejects.toThrow(reason);
  });
});
