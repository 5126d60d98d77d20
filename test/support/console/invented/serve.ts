/**
 * `node test/support/console/invented/serve.ts [--pools 40] [--workers 400] [--port 8082] [--still]`: the real console server with an
 * invented fleet, to look at the pages. Every token is valid: a token that starts with `read` may only look.
 */
import { parseArgs } from "node:util";
import { startConsole } from "../../../../operator/console/index.ts";
import type { KubeClient } from "../../../../operator/kube/client.ts";
import { systemClock } from "../../../../operator/runtime/clock.ts";
import { createLogger } from "../../../../operator/telemetry/logger.ts";
import { InventedSource } from "./source.ts";

const { values } = parseArgs({
  options: {
    pools: { type: "string", default: "40" },
    workers: { type: "string", default: "400" },
    port: { type: "string", default: "8082" },
    /** Nothing changes. */
    still: { type: "boolean", default: false },
  },
});

/** What the API server would review. */
const reviews = {
  async create(_type: unknown, { spec }: { readonly spec: Record<string, unknown> }) {
    const { token, user, resourceAttributes } = spec as {
      readonly token?: string;
      readonly user?: string;
      readonly resourceAttributes?: { readonly verb: string };
    };
    if (token !== undefined)
      return { status: { authenticated: !token.startsWith("bad"), user: { username: `viewer:${token.slice(0, 20)}` } } };
    return { status: { allowed: resourceAttributes?.verb === "get" || !user?.includes("read") } };
  },
} as unknown as Pick<KubeClient, "create">;

const source = new InventedSource({ pools: Number(values.pools), workers: Number(values.workers), nowMs: Date.now() });
const served = await startConsole({
  ...{ replica: "avatarpool-operator-0", host: "127.0.0.1", port: Number(values.port), client: reviews },
  ...{ clock: systemClock, logger: createLogger("console", "warn") },
});
served.lead(source, new AbortController().signal);
if (!values.still) setInterval(() => source.step(Date.now()), 500);
console.log(`http://127.0.0.1:${values.port}/`);
