import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { avatarPoolSchema } from "./index.ts";

const folder = path.join(import.meta.dirname, "..", "..", "..", "examples");
const pools = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".yaml"))
  .flatMap((file) =>
    parseAllDocuments(readFileSync(path.join(folder, file), "utf8")).map((document) => ({ file, object: document.toJS() })),
  )
  .filter(({ object }) => object.kind === "AvatarPool");

/** Fields that the API server adds. */
const stored = { uid: "1", generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };

describe("examples/", () => {
  it("has pools", () => expect(pools.length).toBeGreaterThanOrEqual(2));

  it.each(pools)("$file is a pool that the operator can read", ({ object }) => {
    const pool = avatarPoolSchema.parse({ ...object, metadata: { ...object.metadata, ...stored } });
    // The schema drops unknown fields, so every field of the example is known.
    expect(pool.spec).toMatchObject(object.spec);
  });
});
