import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { KubeError } from "../../kube/errors.ts";

type Answer = "forbidden" | "away" | "there" | "missing";

/** A pool that needs three Secrets. The API server gives a different response for each. */
async function setup(answers: Record<string, Answer>) {
  const reads: string[] = [];
  const readSecret = async ({ namespace, name }: { readonly namespace: string; readonly name: string }) => {
    reads.push(`${namespace}/${name}`);
    const answer = answers[name];
    if (answer === "forbidden") throw new KubeError("secrets is forbidden", { status: 403, reason: "Forbidden" });
    if (answer === "away") throw new Error("the API server is away");
    return answer === "missing" ? undefined : new Map([["key", "value"]]);
  };
  const pool = testPool({
    launch: { auth: { secretRef: { name: "clients" } } },
    livekit: { url: "wss://x", apiKeyRef: { name: "livekit" } },
    overflow: { maxSessions: 1 },
  });
  const gateway = gatewayHarness(pool, { readSecret });
  await gateway.setPool(pool);
  const forbidden = () => gateway.core.state(gateway.key)?.forbiddenSecrets ?? [];
  return { ...gateway, answers, reads, forbidden };
}

describe("the Secrets that the gateway reads for a pool", () => {
  it("are checked when the pool appears, and the gateway reports forbidden ones to the operator", async () => {
    const { forbidden, reads } = await setup({ clients: "forbidden", livekit: "missing", maker: "forbidden" });
    expect(reads).toEqual(["avatars/clients", "avatars/livekit", "avatars/maker"]);
    expect(forbidden()).toEqual(["clients", "maker"]);
  });

  it("are checked every 30 s while one is forbidden, and not at each change of the pool's status", async () => {
    const { forbidden, reads, answers, clock, setPool, pool, core } = await setup({ clients: "forbidden" });
    for (let second = 0; second < 20; second += 1) {
      await setPool({ ...pool });
      await clock.advance(1_000);
    }
    expect(reads).toHaveLength(3);
    let told = 0;
    core.subscribe(() => {
      told += 1;
    });
    answers.clients = "there";
    await clock.advance(10_000);
    expect([forbidden(), told]).toEqual([[], 1]);
    answers.clients = "forbidden";
    await clock.advance(299_000);
    expect(forbidden()).toEqual([]);
    await clock.advance(1_000);
    expect(forbidden()).toEqual(["clients"]);
  });

  it("keep their state while the API server is unreachable", async () => {
    const { forbidden, answers, clock } = await setup({ clients: "forbidden" });
    Object.assign(answers, { clients: "away", livekit: "away" });
    await clock.advance(60_000);
    expect(forbidden()).toEqual(["clients"]);
  });

  it("are no longer read if the pool needs none", async () => {
    const { forbidden, reads, clock, setPool } = await setup({ clients: "forbidden" });
    await setPool(testPool());
    await clock.advance(120_000);
    expect([reads.length, forbidden()]).toEqual([3, []]);
  });
});
