import { type OperatorConsole, startConsole } from "../../../../operator/console/index.ts";
import type { KubeClient } from "../../../../operator/kube/client.ts";
import { systemClock } from "../../../../operator/runtime/clock.ts";
import { createLogger } from "../../../../operator/telemetry/logger.ts";
import type { InventedSource } from "./source.ts";

/** Reviews as of an API server that accepts every token but `bad…`. A user with a token `read…` may only look. */
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

/** The real console server with an invented fleet, on loopback. It serves the built pages. */
export async function startInventedConsole(source: InventedSource, port: number): Promise<OperatorConsole> {
  const served = await startConsole({
    ...{ replica: "avatarpool-operator-0", host: "127.0.0.1", port, client: reviews },
    ...{ clock: systemClock, logger: createLogger("console", "fatal") },
  });
  served.lead(source, new AbortController().signal);
  return served;
}
