import type { LaunchRequest } from "./engine.ts";

/** The fields that `/launch` of every worker accepts, without the avatar. */
export function commonFields(request: LaunchRequest): Record<string, string> {
  return {
    livekit_url: request.livekitUrl,
    livekit_token: request.livekitToken,
    room_name: request.roomName,
    async_mode: String(request.asyncMode),
    ...(request.prompt === undefined ? {} : { prompt: request.prompt }),
    ...(request.apiSecret === undefined ? {} : { api_secret: request.apiSecret }),
  };
}
