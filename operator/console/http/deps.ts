import type { FastifyRequest } from "fastify";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Viewers } from "../access/viewers.ts";
import { ConsoleFailure } from "../failure.ts";
import type { Role } from "../role.ts";
import type { Assets } from "./assets.ts";

export interface ConsoleServerDeps {
  /** Name of this replica. */
  readonly replica: string;
  readonly role: () => Role;
  readonly viewers: Viewers;
  readonly assets: Assets;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function isApi({ url }: Pick<FastifyRequest, "url">): boolean {
  return url.startsWith("/api/");
}

/** @throws ConsoleFailure 503 on a replica that does not lead any more. */
export function leadership({ replica, role }: Pick<ConsoleServerDeps, "replica" | "role">) {
  const now = role();
  if (now.kind === "leads") return now;
  throw new ConsoleFailure(503, `${replica} does not lead: retry in a few seconds`);
}

/** The caller of a request, for its authentication. */
export function callerOf({ headers, ip }: FastifyRequest) {
  return { authorization: headers.authorization, address: ip };
}
