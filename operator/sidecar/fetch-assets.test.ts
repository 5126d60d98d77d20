import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { parseAssets } from "./asset.ts";
import { fetchAssets } from "./fetch-assets.ts";

const model = Buffer.from("a model");
const sha256 = createHash("sha256").update(model).digest("hex");

let server: Server;
let origin: string;
let dir: string;
let requests: number;
let answer: RequestListener;

beforeEach(async () => {
  requests = 0;
  answer = (_, response) => response.end(model);
  server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  dir = await mkdtemp(join(tmpdir(), "fetch-assets-"));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

const fetchLeo = (asset: { url?: string; sha256?: string } = {}, options: { limitBytes?: number } = {}) =>
  fetchAssets([{ name: "leo", url: `${origin}/leo.imx`, ...asset }], dir, { clock: new FakeClock(), ...options });

describe("a complete file", () => {
  it("is the only file in the folder, under the preset's name", async () => {
    await fetchLeo({ sha256: sha256.toUpperCase() });
    expect(await readFile(join(dir, "leo.imx"))).toEqual(model);
    expect(await readdir(dir)).toEqual(["leo.imx"]);
  });

  it("is not fetched again, with or without a hash", async () => {
    await fetchLeo();
    await fetchLeo();
    await fetchLeo({ sha256 });
    expect(requests).toBe(1);
  });

  it("is fetched again if the existing file has another hash", async () => {
    await writeFile(join(dir, "leo.imx"), "an older model");
    await fetchLeo({ sha256 });
    expect(await readFile(join(dir, "leo.imx"))).toEqual(model);
  });
});

describe("a failure names the preset, the address and the remedy, and leaves no file", () => {
  afterEach(async () => expect(await readdir(dir)).toEqual([]));

  it("for a 404", async () => {
    answer = (_, response) => response.writeHead(404).end("no such file");
    await expect(fetchLeo()).rejects.toThrow(
      `preset leo: ${origin}/leo.imx answered 404 Not Found; correct the preset's model.url, or upload the file`,
    );
  });

  it("for another sha256", async () => {
    const expected = "0".repeat(64);
    await expect(fetchLeo({ sha256: expected })).rejects.toThrow(
      `preset leo: ${origin}/leo.imx sent a file with sha256 ${sha256}, expected ${expected}; correct the preset's model.sha256`,
    );
  });

  it("for an empty file", async () => {
    answer = (_, response) => response.end();
    await expect(fetchLeo()).rejects.toThrow(`preset leo: ${origin}/leo.imx sent an empty file`);
  });

  it("for a file beyond the limit", async () => {
    await expect(fetchLeo({}, { limitBytes: 3 })).rejects.toThrow(`preset leo: ${origin}/leo.imx sent more than 3 bytes`);
  });

  it("for a broken connection", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": 1_000 });
      response.write(model, () => response.destroy());
    };
    await expect(fetchLeo()).rejects.toThrow(`preset leo: ${origin}/leo.imx closed the connection early`);
  });

  it("for an unreachable server", async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchLeo()).rejects.toThrow(
      /^preset leo: .* cannot be reached \(.*ECONNREFUSED.*\); check the preset's model.url/,
    );
  });

  it("for a timeout", async () => {
    const clock = new FakeClock();
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    const fetching = expect(fetchAssets([{ name: "leo", url: origin }], dir, { clock, timeoutMs: 60_000 })).rejects.toThrow(
      "cannot be reached (not complete after 60 s)",
    );
    await asked;
    await clock.advance(60_000);
    await fetching;
  });

  it("for an address that is not http", async () => {
    await expect(fetchLeo({ url: "file:///etc/passwd" })).rejects.toThrow("preset leo: its url is not an http or https address");
  });

  it("without the query of a signed address", async () => {
    answer = (_, response) => response.writeHead(403).end();
    await expect(fetchLeo({ url: `${origin}/leo.imx?X-Signature=secret` })).rejects.toThrow(
      `preset leo: ${origin}/leo.imx?… answered 403 Forbidden;`,
    );
  });

  it("without the query if the server repeats it", async () => {
    answer = (request, response) => response.writeHead(403, `no right to ${request.url}`).end();
    await expect(fetchLeo({ url: `${origin}/leo.imx?X-Signature=0123456789abcdef` })).rejects.toThrow(
      `preset leo: ${origin}/leo.imx?… answered 403 no right to /leo.imx?[hidden];`,
    );
  });

  it("without the password in an address", async () => {
    const fetching = fetchLeo({ url: origin.replace("//", "//user:secret@") });
    await expect(fetching).rejects.toThrow("preset leo: its url contains a user name or password");
    await expect(fetching).rejects.not.toThrow("secret");
  });
});

it("rejects a list with names outside the folder", () => {
  expect(() => parseAssets({ AVATARPOOL_ASSETS_0: '[{"name":"../leo","url":"http://x"}]' })).toThrow(
    "AVATARPOOL_ASSETS_0 is not a list",
  );
  expect(() => parseAssets({})).toThrow("AVATARPOOL_ASSETS_0 is not a list");
});
