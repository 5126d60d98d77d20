import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { refOf } from "../kube/types.ts";
import type { CheckLaunchSettings } from "../settings.ts";
import { askGatewayByUrl } from "./gateways/ask-gateway.ts";
import { type Livekit, stepLine, testLaunch } from "./launch/test-launch.ts";

const POLL_MS = 500;

/**
 * `avatarpool check-launch`: a test launch with the settings of `helm test`. It prints one line per step.
 * @throws Error that names the failed step and quotes the gateway.
 */
export async function checkLaunch(
  settings: CheckLaunchSettings,
  print: (line: string) => void,
  pause = () => sleep<unknown>(POLL_MS),
): Promise<void> {
  const { url, pool, preset, token } = settings;
  if (pool === undefined) return print("skipped: no pool is named; set tests.pool or gateway.defaultPool in the chart's values");
  const launch = {
    pool: { ...refOf(pool), token },
    ...{ preset, livekit: livekitOf(settings), room: `avatarpool-check-${randomUUID()}` },
  };
  await testLaunch(launch, {
    ask: askGatewayByUrl(url),
    onStep: (step) => print(stepLine(step, pool)),
    ...{ nowMs: () => performance.now(), pause },
  });
}

function livekitOf({ livekitUrl: url, livekitKey: key, livekitSecret: secret }: CheckLaunchSettings): Livekit {
  if (url && key && secret) return { url, key, secret };
  throw new Error(
    "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are required: put them into a Secret, and name it in tests.secretName",
  );
}
