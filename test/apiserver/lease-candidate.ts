import { KubeClient } from "../../operator/kube/client.ts";
import { loadKubeConfig } from "../../operator/kube/config.ts";
import { leaderElect } from "../../operator/kube/lease.ts";
import { systemClock } from "../../operator/runtime/clock.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";

/** A candidate process: prints "leading" and "ended", and stops gracefully on SIGTERM. */
const [identity = ""] = process.argv.slice(2);
const client = new KubeClient(loadKubeConfig(), { userAgent: identity });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

const result = await leaderElect({
  client,
  lease: { namespace: "default", name: "candidates" },
  identity,
  clock: systemClock,
  wallClock: Date.now,
  random: Math.random,
  leaseMs: 5_000,
  renewDeadlineMs: 4_000,
  retryMs: 500,
  logger: createLogger(identity, "silent"),
  signal: stop.signal,
  async onElected(leading) {
    console.log("leading");
    await new Promise((resolve) => leading.addEventListener("abort", resolve));
  },
});
console.log("ended", result);
await client.close();
