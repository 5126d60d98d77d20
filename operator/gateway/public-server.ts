import { Server as TlsServer } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { KubeClient } from "../kube/client.ts";
import { secretReader } from "../kube/secret-cache.ts";
import type { Clock } from "../runtime/clock.ts";
import type { GatewaySettings } from "../settings.ts";
import { ClientLimits } from "./admission/client-limits.ts";
import { ClientTokens } from "./admission/client-tokens.ts";
import { Gate } from "./admission/gate.ts";
import { BodyRooms } from "./form/body-rooms.ts";
import { type LaunchServerDeps, launchServer } from "./http/launch-server.ts";
import { type SessionRoutesDeps, serveSessions } from "./http/session-routes.ts";
import { followTlsFiles, readTlsPair, type TlsPair } from "./http/tls-files.ts";

const MEGABYTE = 1024 * 1024;
/** Longest time for a body to arrive: 16 MB at 2 Mbit/s. */
const BODY_TIMEOUT_MS = 60_000;

export interface PublicServerDeps
  extends Pick<
    LaunchServerDeps,
    "logger" | "metrics" | "findPool" | "launch" | "viewIsOld" | "stopping" | "notReady" | "denials" | "tracer" | "nextOrder"
  > {
  readonly settings: GatewaySettings;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly sessions: SessionRoutesDeps["sessions"];
  readonly livekit: SessionRoutesDeps["livekit"];
}

/**
 * Builds the server for clients from the settings. It reloads the certificate's files until the signal aborts.
 * @throws if the certificate cannot be used.
 */
export async function publicServer(deps: PublicServerDeps, signal: AbortSignal): Promise<FastifyInstance> {
  const { settings, kube, clock, logger } = deps;
  const files = settings.tls;
  const tls = files === undefined ? undefined : await readTlsPair(files);
  const gate = new Gate(new ClientTokens({ read: secretReader(kube), clock }), new ClientLimits(clock));
  const rooms = new BodyRooms(settings.bodyLimitMb * MEGABYTE);
  const parts = { ...deps, gate, read: { clock, timeoutMs: BODY_TIMEOUT_MS }, rooms };
  const { defaultPool, trustedProxies } = settings;
  const server = launchServer({ ...parts, defaultPool, tls, trustedProxies });
  serveSessions(server, parts);
  if (files !== undefined && tls !== undefined) {
    const use = (pair: TlsPair): void => {
      if (server.server instanceof TlsServer) server.server.setSecureContext(pair);
    };
    // Open connections keep the old certificate.
    void followTlsFiles({ clock, logger }, files, tls, use, signal);
  }
  return server;
}
