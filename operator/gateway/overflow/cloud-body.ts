import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import { type AvatarChoice, type Engine, engines, type LaunchRequest } from "../../engines/index.ts";

/** The avatar in the cloud's API. */
type CloudAvatar = { readonly agent_id: string } | { readonly image: string };

/**
 * Encodes a launch for the maker's cloud API. Undefined if that API has no equivalent: for a model (`.imx`) or a prompt. The
 * group that serves a preset in this pool determines its mode.
 */
export function cloudBody(pool: PoolConfig, request: LaunchRequest): (() => string) | undefined {
  const { livekitUrl, livekitToken, roomName, prompt, avatar } = request;
  const choice = cloudAvatar(avatar);
  if (choice === undefined || prompt !== undefined) return undefined;
  const preset = avatar.kind === "preset" ? avatar.name : undefined;
  const mode = cloudEngine(pool, preset).accelerator;
  const room = { livekit_url: livekitUrl, livekit_token: livekitToken, room_name: roomName };
  return () => JSON.stringify({ ...room, mode, ...choice() });
}

/** The engine of the group that serves a preset in this pool, or, for `undefined`, a custom face image. */
export function cloudEngine(pool: PoolConfig, preset: string | undefined): Engine {
  return pool.groups.find((group) => groupServes(group, preset))?.engine ?? engines.expression;
}

/** Returns a function, so that an image of megabytes is encoded only when it is sent. */
function cloudAvatar(avatar: AvatarChoice): (() => CloudAvatar) | undefined {
  switch (avatar.kind) {
    case "imageUrl":
      return () => ({ image: avatar.url });
    case "imageFile":
      return () => ({ image: avatar.file.data.toString("base64") });
    case "preset":
      return presetInCloud(avatar.asset);
  }
}

function presetInCloud(asset: Extract<AvatarChoice, { kind: "preset" }>["asset"]): (() => CloudAvatar) | undefined {
  switch (asset.kind) {
    case "avatarId":
      return () => ({ agent_id: asset.avatarId });
    case "image":
      return () => ({ image: asset.url });
    case "model":
      return undefined;
  }
}
