import { z } from "zod";
import { count, duration, httpUrl, rules } from "./fields.ts";

/** Where the maker's own client asks for a session. */
const MAKERS_URL = "https://auth.api.bithuman.ai/v1/runtime-tokens/request";

/** A host of the machine itself, from which nothing travels. */
const LOOPBACK_URL = "^http://(localhost|127([.][0-9]{1,3}){3}|\\\\[::1\\\\])(:[0-9]{1,5})?([/?#]|$)";

export const overflowSchema = z
  .object({
    maxSessions: count(
      "Most sessions that run in the cloud at once. Every gateway has an equal share of it: with fewer sessions than gateways, some of them send none.",
      1,
      10_000,
    ),
    after: duration(
      "How long a launch waits for a slot of the pool before it may go to the cloud. One that would be refused goes at once.",
      { min: "0s", max: "5m" },
    ).default("5s"),
    sessionLength: duration(
      "How long a session in the cloud counts where nobody sees its end: the cloud does not tell. With `livekit` its room is looked at.",
      { min: "1m", max: "24h" },
    ).default("1h"),
    url: httpUrl("Where the cloud takes launches, in the JSON form of the maker's API.").default(MAKERS_URL),
    insecure: z
      .boolean()
      .default(false)
      .describe("Whether `url` may be an http:// URL. The API secret and the room's token then travel unencrypted."),
  })
  .meta({
    description:
      "Launches go to the maker's cloud when no group can serve them: all slots are taken, and no further worker can be ready before their deadline. They carry the secret of `apiSecretRef`, which the gateways must be able to read, and cost what the maker charges for a session in the cloud. Off where absent.",
    ...rules({
      rule: `!has(self.url) || self.url.startsWith('https://') || (has(self.insecure) && self.insecure) || self.url.matches('${LOOPBACK_URL}')`,
      message:
        "overflow.url carries the API secret and the room's token: use https://, or set insecure: true if the way to this host is private",
    }),
  });
