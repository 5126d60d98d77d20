import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { startHealthServer } from "./health-server.ts";
import { createRegistry } from "./metrics.ts";
import { operatorMetrics } from "./operator-metrics.ts";

it("serves liveness, readiness with its reason, metrics, and additional pages", async () => {
  const registry = createRegistry({ process: false });
  operatorMetrics(registry).leader.set(1);
  let why: string | undefined = "caches are not filled yet";
  const pages = { "/debug/echo": (query: URLSearchParams) => ({ status: 418, body: { said: query.get("say") } }) };
  const server = await startHealthServer({ host: "127.0.0.1", port: 0, registry, notReady: () => why, pages });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return [response.status, await response.text()] as const;
  };
  try {
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz")).toEqual([503, "caches are not filled yet\n"]);
    why = undefined;
    expect(await get("/readyz")).toEqual([200, "ok\n"]);
    expect((await get("/metrics"))[1]).toContain("avatarpool_leader 1");
    expect(await get("/else")).toEqual([404, "not found; available paths: /healthz, /readyz, /metrics, /debug/echo\n"]);
    expect(await get("/debug/echo?say=a%2Fb")).toEqual([418, '{"said":"a/b"}\n']);
    expect((await get("/healthz?verbose"))[0]).toBe(200);
    await expect(
      startHealthServer({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, registry, notReady: () => why }),
    ).rejects.toMatchObject({ code: "EADDRINUSE" });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
