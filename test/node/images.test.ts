import type { Header } from "tar-stream";
import { beforeAll, describe, expect, it } from "vitest";
import { lineOnStderr } from "../support/controlplane/index.ts";
import { type BuiltImage, readImage } from "../support/images/archive.ts";
import { ensureImages } from "../support/images/index.ts";

/** What the Dockerfiles put on their base images. The other tests of this folder run both on a real node. */

const MEGABYTE = 1_000_000;

let avatarpool: BuiltImage;
let essence: BuiltImage;

beforeAll(async () => {
  const images = await ensureImages(lineOnStderr);
  avatarpool = await readImage(images.avatarpool.archive);
  essence = await readImage(images.essence.archive);
});

function filesOf({ added }: BuiltImage): readonly Header[] {
  return added.filter(({ type }) => type === "file");
}

describe("the image of AvatarPool", () => {
  it("adds its bundles, and nothing else", () => {
    const names = filesOf(avatarpool).map(({ name }) => name);
    expect(names).toContain("app/avatarpool.mjs");
    expect(names.filter((name) => !name.startsWith("app/"))).toEqual([]);
    expect(names.filter((name) => /node_modules|\.test\.|\.ts$|package-lock/.test(name))).toEqual([]);
  });

  it("has less than 30 MB above its base", () => {
    console.error("image avatarpool, MB above its base:", Math.round(avatarpool.addedBytes / MEGABYTE));
    expect(avatarpool.addedBytes).toBeLessThan(30 * MEGABYTE);
  });

  it("has no variables but its own", () => {
    expect(variables(avatarpool)).toEqual(["NODE_ENV", "PATH"]);
  });
});

describe("the image of the CPU worker", () => {
  it("has no packages of the tests, no cache of pip, and no sources but the worker's", () => {
    const names = filesOf(essence).map(({ name }) => name);
    expect(names).toContain("app/src/essence_worker/__main__.py");
    const packages = /^usr\/local\/(lib\/python3[^/]*|bin|share|include|etc|man)\//;
    expect(names.filter((name) => !name.startsWith("app/") && !packages.test(name))).toEqual([]);
    expect(names.filter((name) => /-packages\/(pytest|ruff|mypy|livekit\/plugins)\//.test(name))).toEqual([]);
  });

  it("has less than 900 MB above its base", () => {
    console.error("image essence-worker, MB above its base:", Math.round(essence.addedBytes / MEGABYTE));
    expect(essence.addedBytes).toBeLessThan(900 * MEGABYTE);
  });

  it("has no variables but its own", () => {
    const own = ["BITHUMAN_CACHE_DIR", "BITHUMAN_DEPS_DIR", "BITHUMAN_MODEL_PATH", "PYTHONPATH", "PYTHONUNBUFFERED"];
    expect(variables(essence)).toEqual(["PATH", ...own].sort());
  });
});

describe.each([
  ["AvatarPool", () => avatarpool],
  ["the CPU worker", () => essence],
])("every file of the image of %s", (_, image) => {
  it("belongs to root, and only root may write it; the process runs as another user", () => {
    expect(image().config.User).toBe("65532:65532");
    const writable = image().added.filter(({ name, uid, mode = 0, type }) => {
      return type !== "symlink" && !/^(cache|tmp)\/?$/.test(name) && (uid !== 0 || (mode & 0o022) !== 0);
    });
    expect(writable.map(({ name }) => name)).toEqual([]);
  });

  it("gives no rights of its owner, and none holds a certificate or a key of the machine that built it", () => {
    expect(image().added.filter(({ mode = 0 }) => (mode & 0o6000) !== 0)).toEqual([]);
    const names = filesOf(image()).map(({ name }) => name);
    expect(names.filter((name) => /^etc\/|\.npmrc$|\.env$|\.key$|id_rsa|pip\.conf$/.test(name))).toEqual([]);
  });
});

function variables({ config }: BuiltImage): readonly string[] {
  return config.Env.map((variable) => variable.split("=", 1)[0] ?? "").sort();
}
