import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import { admit } from "../admission/admit.ts";
import { fieldToken, headerToken, withMakerSecret } from "../admission/credential.ts";
import type { Gate, Pass } from "../admission/gate.ts";
import type { BodyRooms, HeldBody } from "../form/body-rooms.ts";
import type { ByteOwner } from "../form/byte-room.ts";
import type { BodyTime } from "../form/read-body.ts";
import { announcedLength, readForm } from "../form/read-form.ts";
import type { Arrival } from "../launch/launch-context.ts";
import type { LaunchTrace } from "../launch/launch-trace.ts";
import { presetOf } from "../launch/preset-of.ts";

export interface ServeLaunchDeps {
  readonly gate: Pick<Gate, "enter" | "isToken">;
  readonly read: BodyTime;
  readonly rooms: BodyRooms;
  readonly launch: (pool: PoolConfig, request: LaunchRequest, arrival: Arrival) => Promise<WorkerAnswer>;
}

/**
 * Admits a launch, reads it, and serves it. A token in a header is verified before the body is read. Without one, the body gets
 * little memory. The client's place and the body's memory are released in every case.
 * @param arrival with the network of the client's address, for clients without a token.
 * @throws LaunchError
 */
export async function serveLaunch(
  deps: ServeLaunchDeps,
  pool: PoolConfig,
  request: IncomingMessage,
  asyncQuery: string | undefined,
  arrival: Omit<Arrival, "client"> & { readonly network: string },
): Promise<WorkerAnswer> {
  const { headers } = request;
  const { trace, network } = arrival;
  const inHeader = headerToken(headers);
  let pass: Pass | undefined;
  let held: HeldBody | undefined;
  try {
    if (inHeader !== undefined || pool.launch.auth === undefined) pass = await enter(deps, pool, inHeader, trace);
    held = openBody(deps.rooms, pool, headers, pass, network);
    const form = await readForm(request, held, deps.read);
    trace.readMs = deps.read.clock.now() - trace.arrivedMs;
    const token = inHeader ?? fieldToken(form);
    if (pass === undefined) {
      pass = await enter(deps, pool, token, trace);
      held.verify(ownerOf(pool, pass, network));
    }
    const isToken = (text: string) => pool.launch.auth !== undefined && (text === token || deps.gate.isToken(pool, text));
    const launch = admit(pool, withMakerSecret(form, headers, isToken), asyncQuery);
    note(trace, launch);
    return await deps.launch(pool, launch, { ...arrival, client: pass.client });
  } finally {
    held?.release();
    pass?.leave();
  }
}

/** @param pass undefined until the client is authenticated. */
function openBody(
  rooms: BodyRooms,
  pool: PoolConfig,
  headers: IncomingHttpHeaders,
  pass: Pass | undefined,
  network: string,
): HeldBody {
  const length = announcedLength(headers);
  return pass === undefined ? rooms.openUnverified(network, length) : rooms.open(ownerOf(pool, pass, network), length);
}

/** In a pool without tokens, a client is a network. */
function ownerOf(pool: PoolConfig, { client }: Pass, network: string): ByteOwner {
  const key = poolKey(pool);
  return { pool: key, client: `${key}/${pool.launch.auth === undefined ? network : client}` };
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
