import { reviewAccessWith } from "../kube/access-review.ts";
import type { KubeClient } from "../kube/client.ts";
import { reviewTokenWith } from "../kube/token-review.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Permissions } from "./access/permissions.ts";
import { Viewers } from "./access/viewers.ts";
import { findAssets, loadAssets } from "./http/assets.ts";
import { consoleServer } from "./http/server.ts";
import type { Role } from "./role.ts";
import type { ConsoleSource } from "./source.ts";
import { FanOut } from "./stream/fan-out.ts";

/** Requests have the tokens of viewers: they are sent to an address only, as a replica writes it. */
const ORIGIN = /^http:\/\/([\d.]+|\[[\da-f:.]+\]):\d+$/;

export interface ConsoleOptions {
  /** Name of this replica of the operator. */
  readonly replica: string;
  readonly host: string;
  readonly port: number;
  readonly client: Pick<KubeClient, "create">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The operator's console on its own port. It forwards requests to the leader until this replica leads. */
export interface OperatorConsole {
  /** @param leader origin of the leader's console; undefined while it is unknown. */
  follow(leader: string | undefined): void;
  /** Serves the source until the leadership ends. */
  lead(source: ConsoleSource, leading: AbortSignal): void;
  close(): Promise<void>;
}

/** @throws Error if the port cannot be bound. */
export async function startConsole({ replica, host, port, client, clock, logger }: ConsoleOptions): Promise<OperatorConsole> {
  const permissions = new Permissions({ review: reviewAccessWith(client, logger), clock });
  const viewers = new Viewers({ review: reviewTokenWith(client, logger), permissions, clock });
  const folder = await findAssets();
  if (folder === undefined) logger.warn("the build has no pages of the console");
  const assets = folder === undefined ? new Map() : await loadAssets(folder);
  let role: Role = { kind: "standsBy", leader: undefined };
  const server = consoleServer({ replica, role: () => role, viewers, assets, clock, logger });
  const address = await server.listen({ host, port });
  logger.info({ address }, "console started");
  const follow = (leader: string | undefined) => {
    role = { kind: "standsBy", leader: leader !== undefined && ORIGIN.test(leader) ? leader : undefined };
  };
  return {
    follow,
    lead(source, leading) {
      role = { kind: "leads", source, leading, fanOut: new FanOut({ source, clock }) };
      leading.addEventListener("abort", () => follow(undefined), { once: true });
      if (leading.aborted) follow(undefined);
    },
    close: () => server.close(),
  };
}
