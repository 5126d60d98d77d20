import type { RoomView } from "../../../operator/gateway/sessions/room-view.ts";
import type { SessionEvent } from "../../../operator/gateway/sessions/sessions.ts";
import type { WorkerClient } from "../../../operator/workers/client.ts";
import { FakeWorkers } from "./fake-workers.ts";
import { gatewayHarness } from "./harness.ts";
import { testPool } from "./pool.ts";

export const somewhere = { url: "wss://x", apiKeyRef: { name: "livekit" } };
/** URL that received no launch. */
export const elsewhere = { url: "wss://elsewhere", apiKeyRef: { name: "livekit" } };

export const alone: RoomView = { avatar: true, principal: false };
export const inhabited: RoomView = { avatar: true, principal: true };
export const empty: RoomView = { avatar: false, principal: false };

type Metric = { get(): Promise<{ values: { value: number; labels: object; metricName?: string }[] }> };

/**
 * A gateway whose pool names a LiveKit server, with its rooms: for any agent, or for one (`ROOM/AGENT`). A room
 * without a value cannot be checked.
 */
export function sessionsWorld(
  livekit = somewhere,
  more: Parameters<typeof testPool>[0] = {},
  network = { gone: false },
  /** Workers that are unreachable while the network is down. Default: all. */
  isOut: (origin: string) => boolean = () => true,
) {
  const rooms = new Map<string, RoomView>();
  const looks: string[] = [];
  const news: SessionEvent[] = [];
  const pool = testPool({ livekit, ...more });
  const viewRoom = async (_pool: unknown, room: string, agent?: string): Promise<RoomView> => {
    looks.push(room);
    const view = rooms.get(`${room}/${agent}`) ?? rooms.get(room);
    if (view === undefined) throw new Error("LiveKit does not respond");
    return view;
  };
  const workers = new FakeWorkers();
  const client: WorkerClient = {
    get: (origin, path, signal) => (network.gone && isOut(origin) ? never(signal) : workers.get(origin, path)),
    post: (origin, path, body, signal) => (network.gone && isOut(origin) ? never(signal) : workers.post(origin, path, body)),
  };
  const gateway = gatewayHarness(pool, { workers, network: client, viewRoom, onEvent: (told) => news.push(told) });
  const { clock, core, metrics } = gateway;
  async function settled<T>(promise: Promise<T>): Promise<T> {
    await clock.advance(0);
    return promise;
  }
  return {
    ...gateway,
    rooms,
    looks,
    news: () => news.map(({ kind }) => kind),
    statesIn: async (room: string) => (await settled(core.sessions.inRoom(pool, room))).sessions.map(({ state }) => state),
    inPool: () => settled(core.sessions.inPool(pool)),
    end: (room: string) => settled(core.sessions.end(pool, room)),
    hear: async (kind: "left" | "finished" | "avatar-joined", room: string) => {
      core.sessions.onRoomEvent(pool, { kind, room });
      await clock.advance(0);
    },
    shows: (room: string, identity: string) => core.sessions.onRoomEvent(pool, { kind: "video", room, identity }),
    ended: async () => (await valuesOf(metrics.sessionsEnded)).map(({ labels, value }) => ({ ...labels, value })),
    reclaimedSlotSeconds: async () => (await valuesOf(metrics.reclaimedSlotSeconds))[0]?.value ?? 0,
  };
}

/** Gets no response. */
function never(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

export async function valuesOf(metric: Metric) {
  return (await metric.get()).values;
}
