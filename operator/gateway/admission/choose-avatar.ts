import { findPreset, groupServes, type PoolConfig, type PresetConfig } from "../../api/pool-config.ts";
import type { AvatarChoice } from "../../engines/index.ts";
import { badField, LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { checkedImageUrl } from "./image-url.ts";
import type { LaunchFields } from "./launch-fields.ts";

type File = NonNullable<LaunchForm["file"]>;

/**
 * The requested avatar. If the launch names none, it is the only preset of the pool. A client may send an id and an image: a
 * known preset takes precedence; with an unknown id, the image is a custom avatar.
 * @throws LaunchError 400, 403 or 404, with the client's name of the field.
 */
export function chooseAvatar(pool: PoolConfig, fields: LaunchFields, file: LaunchForm["file"]): AvatarChoice {
  const ids = (["avatar_id", "agent_id"] as const).filter((field) => fields[field] !== undefined);
  const preset = presetAmong(pool, fields, ids);
  if (preset !== undefined) return presetChoice(preset);
  const image = customAvatar(pool, fields, file);
  const [id] = ids;
  if (id !== undefined && (image === undefined || !pool.launch.allowCustomAvatars)) throw unknownId(pool, id);
  return image === undefined ? onlyPreset(pool) : image();
}

/** The preset that one of these fields names. */
function presetAmong(pool: PoolConfig, fields: LaunchFields, ids: readonly ("avatar_id" | "agent_id")[]): PresetConfig | undefined {
  const presets = new Set(ids.map((field) => findPreset(pool, fields[field] ?? "")).filter((preset) => preset !== undefined));
  const [preset, other] = presets;
  if (other !== undefined) throw badField("avatar_id", "and agent_id select two presets: send only one");
  return preset;
}

/** A function that checks the launch's custom image; undefined if the launch has none. */
function customAvatar(pool: PoolConfig, fields: LaunchFields, file: LaunchForm["file"]): (() => AvatarChoice) | undefined {
  const images: { readonly field: string; readonly choose: () => AvatarChoice }[] = [];
  for (const field of ["avatar_image_url", "image"] as const) {
    const url = fields[field];
    if (url !== undefined) images.push({ field, choose: () => imageAt(pool, field, url) });
  }
  if (file !== undefined) images.push({ field: file.field, choose: () => uploadedImage(pool, file) });
  const [first, ...more] = images;
  if (first === undefined || more.length === 0) return first?.choose;
  throw badField(first.field, `and ${more.map(({ field }) => field).join(" and ")} were sent: send only one`);
}

function onlyPreset(pool: PoolConfig): AvatarChoice {
  const [only, ...others] = pool.presets;
  if (only !== undefined && others.length === 0) return presetChoice(only);
  throw badField("avatar_id", `is missing: send the name of a preset (${presetNames(pool)}), or avatar_image or avatar_image_url`);
}

function unknownId(pool: PoolConfig, field: string): LaunchError {
  const only = pool.launch.allowCustomAvatars ? "" : ", and this pool serves presets only";
  const message = `${field} matches no preset of this pool${only}: send one of ${presetNames(pool)}, or add the id to presets[].aliases`;
  return new LaunchError(404, "preset_not_found", message, { field });
}

function presetChoice({ name, asset }: PresetConfig): AvatarChoice {
  return { kind: "preset", name, asset };
}

function imageAt(pool: PoolConfig, field: string, url: string): AvatarChoice {
  checkCustom(pool, field);
  return { kind: "imageUrl", url: checkedImageUrl(field, url, pool.launch.imageHosts) };
}

function uploadedImage(pool: PoolConfig, { field, ...file }: File): AvatarChoice {
  if (field !== "avatar_image" && field !== "image") {
    throw badField(field, "is an unknown file field: send the face image as avatar_image");
  }
  if (file.data.length === 0) throw badField(field, "is an empty file");
  checkCustom(pool, field);
  return { kind: "imageFile", file };
}

/** @throws LaunchError if the pool accepts presets only. */
function checkCustom(pool: PoolConfig, field: string): void {
  if (!pool.launch.allowCustomAvatars) {
    const message = `this pool serves presets only (${presetNames(pool)}): send one as avatar_id, or set launch.allowCustomAvatars`;
    throw new LaunchError(403, "custom_avatar_forbidden", message, { field });
  }
  if (!pool.groups.some((group) => groupServes(group, undefined))) {
    const message = `no worker of this pool can animate an image: send a preset as avatar_id (${presetNames(pool)})`;
    throw new LaunchError(400, "bad_request", message, { field });
  }
}

function presetNames(pool: PoolConfig): string {
  return pool.presets.map(({ name }) => name).join(", ");
}
