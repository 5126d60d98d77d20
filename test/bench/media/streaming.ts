import { setTimeout as sleep } from "node:timers/promises";
import { startLivekit } from "../../support/livekit/server.ts";
import { Callers } from "../../support/media/callers.ts";
import type { ScenarioResult } from "../figures.ts";
import { cpuOf, memoryOf } from "../usage.ts";
import { startBenchWorker } from "./worker.ts";

const SESSIONS = 4;
const FPS = 25;
const SETTLE_MS = 5_000;
const MEASURE_MS = 20_000;

/** The frame rate at the viewers, and the worker's memory and CPU time, with one to four sessions of 512 x 512 pixels. */
export async function streaming(): Promise<ScenarioResult> {
  await using livekit = await startLivekit();
  await using started = await startBenchWorker(0, { MAX_SESSIONS: String(SESSIONS), ESSENCE_TESTCARD_SIZE: "512" });
  const { worker, programs } = started;
  await using callers = new Callers(livekit.url, programs);
  const rooms: string[] = [];
  const steps: {
    readonly sessions: number;
    readonly memoryMb: number;
    readonly cores: number;
    readonly worstFps: number | null;
  }[] = [];
  for (let sessions = 0; sessions <= SESSIONS; sessions++) {
    if (sessions > 0) rooms.push(await oneMore(callers, `room-${sessions}`, `${worker.url}/launch`));
    await sleep(SETTLE_MS);
    await framesPerSecond(callers, rooms);
    const before = await cpuOf(worker.pid);
    const startMs = performance.now();
    await sleep(MEASURE_MS);
    const cores = ((await cpuOf(worker.pid)) - before) / ((performance.now() - startMs) / 1_000);
    const rates = await framesPerSecond(callers, rooms);
    const { residentMb: memoryMb } = await memoryOf(worker);
    // Without a session there is no frame rate.
    const worstFps = sessions === 0 ? null : hundredths(Math.min(...rates));
    steps.push({ sessions, memoryMb: Math.round(memoryMb), cores: hundredths(cores), worstFps });
  }
  const [idle, last] = [steps[0], steps.at(-1)];
  const perSession = (field: "memoryMb" | "cores") =>
    hundredths(((last?.[field] ?? Number.NaN) - (idle?.[field] ?? Number.NaN)) / SESSIONS);
  return {
    figures: [
      {
        name: `frames per second missing of ${FPS}, worst of ${SESSIONS} sessions of 512 x 512`,
        value: hundredths(FPS - (last?.worstFps ?? Number.NaN)),
        limit: 1,
      },
    ],
    details: { steps, memoryMbPerSession: perSession("memoryMb"), coresPerSession: perSession("cores") },
  };
}

async function oneMore(callers: Callers, room: string, url: string): Promise<string> {
  await callers.join(room, "agent");
  await callers.launch({ room, agent: "agent", url, secret: "not-a-secret", model: "essence", avatar_id: "maya" });
  return room;
}

/** Of every room, since the previous call. */
async function framesPerSecond(callers: Callers, rooms: readonly string[]): Promise<readonly number[]> {
  const seen = (await Promise.all(rooms.map((room) => callers.watch(room)))).flat();
  return seen.map(({ frames, elapsedMs }) => (frames * 1_000) / elapsedMs);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
