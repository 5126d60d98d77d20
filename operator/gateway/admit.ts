import type { PoolConfig } from "../api/pool-config.ts";
import { groupServes } from "../api/pool-config.ts";
import type { AvatarChoice, LaunchRequest } from "../engines/index.ts";
import type { LaunchForm } from "./form.ts";
import { badField, LaunchError } from "./launch-error.ts";

/** Longest names that a room or a URL may have; LiveKit's own limits are lower. */
const MAX_TEXT_LENGTH = 2_048;

/**
 * Turns a form into what is asked for, in the pool's terms.
 * @param asyncQuery the value of `?async=`, which some clients send instead of the field `async_mode`.
 * @throws LaunchError 400, 403, 404 or 410, with the field and what to do.
 */
export function admit(pool: PoolConfig, form: LaunchForm, asyncQuery: string | undefined): LaunchRequest {
  if (pool.deletedAtMs !== undefined) throw poolDeleting(pool);
  const prompt = text(form, "prompt");
  const apiSecret = text(form, "api_secret");
  return {
    livekitUrl: livekitUrl(form),
    livekitToken: required(form, "livekit_token", "the room token with which the avatar joins"),
    roomName: short("room_name", required(form, "room_name", "the LiveKit room that the avatar joins")),
    avatar: avatarOf(pool, form),
    asyncMode: asyncMode(text(form, "async_mode"), asyncQuery),
    ...(prompt === undefined ? {} : { prompt }),
    ...(apiSecret === undefined ? {} : { apiSecret }),
  };
}

/** The name of the preset that a launch asks for; undefined for a face image of its own. */
export function presetOf(request: LaunchRequest): string | undefined {
  return request.avatar.kind === "preset" ? request.avatar.name : undefined;
}

export function poolDeleting(pool: { readonly namespace: string; readonly name: string }): LaunchError {
  return new LaunchError(410, "pool_deleting", `pool ${pool.namespace}/${pool.name} is being deleted and takes no launches`);
}

function livekitUrl(form: LaunchForm): string {
  const url = short("livekit_url", required(form, "livekit_url", "the wss:// URL of the LiveKit server"));
  if (/^wss?:\/\/[^/\s]/.test(url)) return url;
  const https = /^(https?):\/\/([^\s]*)$/.exec(url);
  if (https === null) throw badField("livekit_url", "must be a ws:// or wss:// URL with a host");
  throw badField("livekit_url", `must be ws:// or wss://: write ${https[1] === "https" ? "wss" : "ws"}://${https[2]}`);
}

function avatarOf(pool: PoolConfig, form: LaunchForm): AvatarChoice {
  const id = text(form, "avatar_id");
  const url = text(form, "avatar_image_url");
  const given = [id && "avatar_id", url && "avatar_image_url", form.file?.field].filter(
    (field) => field !== undefined && field !== "",
  );
  if (given.length > 1) throw badField(String(given[0]), `and ${given.slice(1).join(" and ")} were sent: send one of them`);
  if (id !== undefined) return presetNamed(pool, id);
  if (url !== undefined) return customAvatar(pool, "avatar_image_url", { kind: "imageUrl", url: imageUrl(url) });
  if (form.file !== undefined) return uploadedAvatar(pool, form.file);
  const [only, ...others] = pool.presets;
  if (only !== undefined && others.length === 0) return { kind: "preset", ...only };
  throw badField("avatar_id", `is missing: send the name of a preset (${presetNames(pool)}), or avatar_image or avatar_image_url`);
}

function presetNamed(pool: PoolConfig, name: string): AvatarChoice {
  const preset = pool.presets.find((candidate) => candidate.name === name);
  if (preset !== undefined) return { kind: "preset", ...preset };
  throw new LaunchError(404, "preset_not_found", `avatar_id names no preset of this pool: it has ${presetNames(pool)}`, {
    field: "avatar_id",
  });
}

function uploadedAvatar(pool: PoolConfig, file: NonNullable<LaunchForm["file"]>): AvatarChoice {
  const { field, ...upload } = file;
  if (field !== "avatar_image") throw badField(field, "is no file that a launch has: send the face image as avatar_image");
  if (upload.data.length === 0) throw badField(field, "is an empty file");
  return customAvatar(pool, field, { kind: "imageFile", file: upload });
}

function customAvatar(pool: PoolConfig, field: string, avatar: AvatarChoice): AvatarChoice {
  if (!pool.launch.allowCustomAvatars) {
    throw new LaunchError(
      403,
      "custom_avatar_forbidden",
      `this pool serves presets only (${presetNames(pool)}): name one as avatar_id, or set launch.allowCustomAvatars`,
      { field },
    );
  }
  if (!pool.groups.some((group) => groupServes(group, undefined))) {
    throw new LaunchError(
      400,
      "bad_request",
      `no worker of this pool can animate an image: name a preset as avatar_id (${presetNames(pool)})`,
      { field },
    );
  }
  return avatar;
}

function imageUrl(url: string): string {
  if (!/^https?:\/\/[^/\s]\S*$/.test(short("avatar_image_url", url))) {
    throw badField("avatar_image_url", "must be an http:// or https:// URL with a host");
  }
  return url;
}

function asyncMode(field: string | undefined, query: string | undefined): boolean {
  const [name, value] = query === undefined ? ["async_mode", field] : ["async", query];
  switch (value?.toLowerCase()) {
    case undefined:
    case "true":
    case "1":
      return true;
    case "false":
    case "0":
      return false;
    default:
      throw badField(name, "must be true or false");
  }
}

function presetNames(pool: PoolConfig): string {
  return pool.presets.map(({ name }) => name).join(", ");
}

/** The field's value; an empty one counts as absent, as clients send those for what was not set. */
function text(form: LaunchForm, field: string): string | undefined {
  return form.fields.get(field) || undefined;
}

function required(form: LaunchForm, field: string, what: string): string {
  const value = text(form, field)?.trim();
  if (!value) throw badField(field, `is missing: send ${what}`);
  return value;
}

function short(field: string, value: string): string {
  if (value.length > MAX_TEXT_LENGTH) throw badField(field, `is longer than ${MAX_TEXT_LENGTH} characters`);
  return value;
}
