import { groupServes, type PoolConfig, type PresetConfig } from "../../api/pool-config.ts";
import type { AvatarChoice } from "../../engines/index.ts";
import type { LaunchForm } from "../form/form.ts";
import type { LaunchFields } from "../form/launch-fields.ts";
import { badField, LaunchError } from "../launch/launch-error.ts";
import { checkedImageUrl } from "./image-url.ts";

type File = NonNullable<LaunchForm["file"]>;

/** A way in which the launch names its avatar. */
interface Given {
  readonly field: string;
  readonly choose: () => AvatarChoice;
}

/**
 * The avatar that a launch asks for; the pool's only preset where it names none.
 * @throws LaunchError 400, 403 or 404, with the field as the client called it.
 */
export function chooseAvatar(pool: PoolConfig, fields: LaunchFields, file: LaunchForm["file"]): AvatarChoice {
  const given: Given[] = [];
  for (const field of ["avatar_id", "agent_id"] as const) {
    const name = fields[field];
    if (name !== undefined) given.push({ field, choose: () => presetNamed(pool, field, name) });
  }
  for (const field of ["avatar_image_url", "image"] as const) {
    const url = fields[field];
    if (url !== undefined) given.push({ field, choose: () => imageAt(pool, field, url) });
  }
  if (file !== undefined) given.push({ field: file.field, choose: () => uploadedImage(pool, file) });

  const [first, ...more] = given;
  if (first === undefined) return onlyPreset(pool);
  if (more.length === 0) return first.choose();
  throw badField(first.field, `and ${more.map(({ field }) => field).join(" and ")} were sent: send one of them`);
}

function onlyPreset(pool: PoolConfig): AvatarChoice {
  const [only, ...others] = pool.presets;
  if (only !== undefined && others.length === 0) return asked(only);
  throw badField("avatar_id", `is missing: send the name of a preset (${presetNames(pool)}), or avatar_image or avatar_image_url`);
}

function presetNamed(pool: PoolConfig, field: string, name: string): AvatarChoice {
  const preset = pool.presets.find((candidate) => candidate.name === name);
  if (preset !== undefined) return asked(preset);
  throw new LaunchError(404, "preset_not_found", `${field} names no preset of this pool: it has ${presetNames(pool)}`, { field });
}

function asked({ name, asset }: PresetConfig): AvatarChoice {
  return { kind: "preset", name, asset };
}

function imageAt(pool: PoolConfig, field: string, url: string): AvatarChoice {
  checkCustom(pool, field);
  return { kind: "imageUrl", url: checkedImageUrl(field, url, pool.launch.imageHosts) };
}

function uploadedImage(pool: PoolConfig, { field, ...file }: File): AvatarChoice {
  if (field !== "avatar_image" && field !== "image") {
    throw badField(field, "is no file that a launch has: send the face image as avatar_image");
  }
  if (file.data.length === 0) throw badField(field, "is an empty file");
  checkCustom(pool, field);
  return { kind: "imageFile", file };
}

/** @throws LaunchError when the pool takes no face image that is not a preset. */
function checkCustom(pool: PoolConfig, field: string): void {
  if (!pool.launch.allowCustomAvatars) {
    const message = `this pool serves presets only (${presetNames(pool)}): name one as avatar_id, or set launch.allowCustomAvatars`;
    throw new LaunchError(403, "custom_avatar_forbidden", message, { field });
  }
  if (!pool.groups.some((group) => groupServes(group, undefined))) {
    const message = `no worker of this pool can animate an image: name a preset as avatar_id (${presetNames(pool)})`;
    throw new LaunchError(400, "bad_request", message, { field });
  }
}

function presetNames(pool: PoolConfig): string {
  return pool.presets.map(({ name }) => name).join(", ");
}
