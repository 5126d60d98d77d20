import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import path from "node:path";
import { expect, it } from "vitest";
import { consolePaths } from "../../operator/api/console.ts";
import { CONSOLE_MAX_GZIP_BYTES } from "../../scripts/console-bundle.ts";
import { LIVE } from "../support/browser/console-stage.ts";
import { CountingProxy } from "../support/browser/counting-proxy.ts";
import type { Cast } from "./cast.ts";

const built = path.join(import.meta.dirname, "..", "..", "dist", "console");

export function sharingCases(cast: () => Cast): void {
  it("uses one stream for all tabs of a browser, and one sign-in", async () => {
    const { on, viewer } = cast();
    await using proxy = await CountingProxy.start(on.consoleUrl, (url) => url.startsWith(`/${consolePaths.stream}`));
    const context = await on.browser.createBrowserContext();
    const first = await on.tab({ url: proxy.url, token: viewer, context });
    const second = await on.tab({ url: proxy.url, context });
    await second.has(LIVE);
    await second.shows("broken", "table");
    expect(proxy.open).toBe(1);
    await first.page.close();
    await second.page.reload();
    await second.has(LIVE);
    expect(proxy.open).toBe(1);
    expect(second.problems()).toEqual([]);
    await context.close();
    await expect.poll(() => proxy.open, { timeout: 20_000 }).toBe(0);
  });

  it("transfers less than the limit for all pages together", async () => {
    const { on } = cast();
    const names = await readdir(built);
    const sizes = await Promise.all(names.map((name) => transferred(`${on.consoleUrl}${name}`)));
    expect(names).toContain("index.html");
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(CONSOLE_MAX_GZIP_BYTES);
  });
}

/** Bytes of the body as they are transferred. */
async function transferred(url: string): Promise<number> {
  const [response]: IncomingMessage[] = await once(get(url, { headers: { "accept-encoding": "gzip" } }), "response");
  expect(response?.statusCode).toBe(200);
  let size = 0;
  for await (const chunk of response ?? []) size += (chunk as Buffer).length;
  return size;
}
