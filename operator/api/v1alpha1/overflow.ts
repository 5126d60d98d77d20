import { z } from "zod";
import { count, duration, httpUrl, rules } from "./fields.ts";

/** URL to which the maker's own client sends launches. */
const MAKERS_URL = "https://auth.api.bithuman.ai/v1/runtime-tokens/request";

/** A loopback URL: requests to it do not leave the machine. */
const LOOPBACK_URL = "^http://(localhost|127([.][0-9]{1,3}){3}|\\\\[::1\\\\])(:[0-9]{1,5})?([/?#]|$)";

export const overflowSchema = z
  .object({
    maxSessions: count(
      "Maximum number of concurrent sessions in the cloud. Every gateway has an equal share: with fewer sessions than gateways, some gateways send no launches.",
      1,
      10_000,
    ),
    after: duration(
      "How long a launch waits for a slot of the pool before it may overflow to the cloud. A launch that would be rejected overflows at once.",
      { min: "0s", max: "5m" },
    ).default("5s"),
    sessionLength: duration(
      "How long a session in the cloud counts against `maxSessions`, since the cloud does not report its end. With `livekit`, the gateway checks the session's room instead.",
      { min: "1m", max: "24h" },
    ).default("1h"),
    url: httpUrl("URL of the cloud's launch API, in the maker's JSON format.").default(MAKERS_URL),
    insecure: z
      .boolean()
      .default(false)
      .describe("Whether `url` may be an http:// URL. The API secret and the room's token are then sent unencrypted."),
  })
  .meta({
    description:
      "Sends launches to the maker's cloud if no group can serve them: all slots are taken, and no further worker can be ready before the deadline. Such a launch carries the secret of `apiSecretRef`, which the gateways must be able to read. It costs what the maker charges for a session in the cloud. Disabled if absent.",
    ...rules({
      rule: `!has(self.url) || self.url.startsWith('https://') || (has(self.insecure) && self.insecure) || self.url.matches('${LOOPBACK_URL}')`,
      message:
        "requests to overflow.url carry the API secret and the room's token: use https://, or set insecure: true if the network to this host is private",
    }),
  });
