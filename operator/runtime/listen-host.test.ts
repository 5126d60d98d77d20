import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { listenHost } from "./listen-host.ts";

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

describe("listenHost", () => {
  it("is an address that serves both IP families", async () => {
    const server = createServer((_request, response) => response.end("ok"));
    server.listen({ host: await listenHost(undefined), port: 0 });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (const host of ["127.0.0.1", "[::1]"]) expect(await (await fetch(`http://${host}:${port}`)).text()).toBe("ok");
    server.closeAllConnections();
    server.close();
  });

  it.each(["EAFNOSUPPORT", "EADDRNOTAVAIL"])("is 0.0.0.0 on a machine without IPv6 (%s)", async (code) => {
    expect(await listenHost(undefined, failing(code))).toBe("0.0.0.0");
  });

  it("is the configured host", async () => {
    expect(await listenHost("127.0.0.1", failing("EAFNOSUPPORT"))).toBe("127.0.0.1");
  });

  it("does not hide other failures", async () => {
    await expect(listenHost(undefined, failing("EMFILE"))).rejects.toThrow("EMFILE");
  });
});
