import type { PoolConfig } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import { badField, LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { chooseAvatar } from "./choose-avatar.ts";
import { type LaunchFields, launchFields } from "./launch-fields.ts";

/**
 * Checks a form against the pool and returns its launch.
 * @param asyncQuery the value of `?async=`, which some clients send instead of the field `async_mode`.
 * @throws LaunchError 400, 403, 404, 409 or 410, with the field and what to do.
 */
export function admit(pool: PoolConfig, form: LaunchForm, asyncQuery: string | undefined): LaunchRequest {
  if (pool.deletedAtMs !== undefined) throw poolDeleting(pool);
  if (pool.groups.every(({ engine }) => engine.launches === undefined)) throw noLaunches(pool);
  const fields = fieldsOf(form);
  const { prompt, api_secret: apiSecret } = fields;
  return {
    livekitUrl: fields.livekit_url,
    livekitToken: fields.livekit_token,
    roomName: fields.room_name,
    avatar: chooseAvatar(pool, fields, form.file),
    asyncMode: asyncQuery === undefined ? isTrue(fields.async_mode) : isTrue(asyncOf(asyncQuery)),
    ...(prompt === undefined ? {} : { prompt }),
    ...(apiSecret === undefined ? {} : { apiSecret }),
  };
}

export function poolDeleting(pool: { readonly namespace: string; readonly name: string }): LaunchError {
  return new LaunchError(410, "pool_deleting", `pool ${pool.namespace}/${pool.name} is being deleted and accepts no launches`);
}

function noLaunches({ namespace, name }: PoolConfig): LaunchError {
  const why = `pool ${namespace}/${name} takes no launches, because LiveKit dispatches jobs to its workers`;
  return new LaunchError(409, "launches_unsupported", `${why}: dispatch the agent to the room, or add a group that takes launches`);
}

/** Empty fields count as absent: some clients send them for values that are not set. */
function fieldsOf(form: LaunchForm): LaunchFields {
  const result = launchFields.safeParse(Object.fromEntries([...form.fields].filter(([, value]) => value !== "")));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badField(String(issue?.path[0] ?? "the form"), issue?.message ?? "is invalid");
}

type AsyncMode = LaunchFields["async_mode"];

function asyncOf(query: string): AsyncMode {
  const result = launchFields.shape.async_mode.safeParse(query);
  if (result.success) return result.data;
  throw badField("async", "must be true or false");
}

/** Asynchronous is the default. */
function isTrue(mode: AsyncMode): boolean {
  return mode === undefined || mode === "true" || mode === "1";
}
