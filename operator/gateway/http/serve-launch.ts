import type { IncomingMessage } from "node:http";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import { admit, presetOf } from "../admission/admit.ts";
import { fieldToken, headerToken, withMakerSecret } from "../admission/credential.ts";
import type { Gate, Pass } from "../admission/gate.ts";
import { type ReadLimits, readForm } from "../form/read-form.ts";
import type { Arrival } from "../launch/launch.ts";
import type { LaunchTrace } from "./launch-trace.ts";

export interface ServeLaunchDeps {
  readonly gate: Pick<Gate, "enter">;
  readonly read: ReadLimits;
  readonly launch: (pool: PoolConfig, request: LaunchRequest, arrival: Arrival) => Promise<WorkerAnswer>;
}

/**
 * Lets a launch in, reads it, and launches. A token in a header is looked at before the body is read. The client's place and
 * the body's bytes are given back however it ends.
 * @throws LaunchError
 */
export async function serveLaunch(
  deps: ServeLaunchDeps,
  pool: PoolConfig,
  request: IncomingMessage,
  asyncQuery: string | undefined,
  arrival: Omit<Arrival, "client">,
): Promise<WorkerAnswer> {
  const { headers } = request;
  const { trace } = arrival;
  const inHeader = headerToken(headers);
  let pass: Pass | undefined;
  try {
    if (inHeader !== undefined) pass = await enter(deps, pool, inHeader, trace);
    const { form, release } = await readForm(request, deps.read);
    trace.readMs = deps.read.clock.now() - trace.arrivedMs;
    try {
      const inField = fieldToken(form);
      pass ??= await enter(deps, pool, inField, trace);
      const used = pool.launch.auth === undefined ? undefined : (inHeader ?? inField);
      const launch = admit(pool, withMakerSecret(form, headers, used), asyncQuery);
      note(trace, launch);
      return await deps.launch(pool, launch, { ...arrival, client: pass.client });
    } finally {
      release();
    }
  } finally {
    pass?.leave();
  }
}

async function enter({ gate }: ServeLaunchDeps, pool: PoolConfig, token: string | undefined, trace: LaunchTrace): Promise<Pass> {
  const pass = await gate.enter(pool, token);
  if (pass.client !== "") trace.client = pass.client;
  return pass;
}

function note(trace: LaunchTrace, launch: LaunchRequest): void {
  trace.room = launch.roomName;
  const preset = presetOf(launch);
  if (preset !== undefined) trace.preset = preset;
}
