import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "../cluster.ts";
import type { NamespaceFlags, OutputFlags } from "../flags.ts";
import { type GatewayFlags, gatewayOf } from "../gateways/flags.ts";
import { type AuthPool, launchToken } from "../gateways/launch-token.ts";
import type { Print } from "../output.ts";
import { findPool } from "../pools.ts";
import { launch } from "./launch.ts";
import { type LivekitFlags, type LivekitPool, livekitOf } from "./livekit.ts";

type Flags = NamespaceFlags & GatewayFlags & LivekitFlags & OutputFlags & { readonly preset?: string; readonly keep?: boolean };

const POLL_MS = 500;

export async function runLaunch(
  name: string,
  flags: Flags,
  { signal, print, hint }: { readonly signal: AbortSignal; readonly print: Print; readonly hint: Print },
): Promise<void> {
  await withClient(flags, async ({ client, namespace }) => {
    const pool = await findPool<AuthPool & LivekitPool>(client, { namespace, name });
    const livekit = await livekitOf(client, pool, flags, process.env);
    const token = await launchToken(client, pool, flags.tokenFile);
    const { preset, keep = false } = flags;
    const room = `avatarpool-check-${randomUUID()}`;
    const later = (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    };
    await launch({ pool: { namespace, name, token }, preset, livekit, room, keep }, flags.output, {
      ask: gatewayOf(client, flags),
      ...{ print, hint, signal, later },
      nowMs: () => performance.now(),
      pause: () => sleep(POLL_MS, undefined, { signal }),
    });
  });
}
