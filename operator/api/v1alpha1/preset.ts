import { z } from "zod";
import { count, dnsLabel, httpUrl, listOf, rules } from "./fields.ts";

const sha256 = z
  .string()
  .max(64)
  .meta({
    description: "SHA-256 checksum of the file, in hexadecimal. A file with another checksum is rejected.",
    ...rules({
      rule: "self.matches('^[0-9a-f]{64}$')",
      message: "the checksum must be 64 lower-case hexadecimal digits, as sha256sum prints them",
    }),
  });

const alias = z
  .string()
  .max(64)
  .meta({
    description: "An id that the maker assigned, such as A91XMB7113 or avatar_001.",
    ...rules({
      rule: "self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",
      message: "an alias must consist of letters, digits, '.', '_' and '-', and start with a letter or digit",
    }),
  });

export const presetSchema = z
  .object({
    name: dnsLabel(63, "Name of the preset. A launch selects the preset by this name (`avatar_id`)."),
    image: z
      .object({ url: httpUrl("URL from which workers download the image.") })
      .describe("A face image, for engines that animate images.")
      .optional(),
    model: z
      .object({ url: httpUrl("URL from which the model is downloaded before a worker starts."), sha256: sha256.optional() })
      .describe("An `.imx` model, for engines that play models.")
      .optional(),
    avatarId: z
      .string()
      .min(1)
      .max(128)
      .describe("Id of an avatar that the maker's service stores. A launch may select the preset by this id.")
      .optional(),
    aliases: z
      .array(alias)
      .max(16)
      .meta({
        description:
          "Further ids by which a launch may select the preset, such as the maker's ids that clients already send. An id must be unique in the pool.",
        "x-kubernetes-list-type": "set",
      })
      .optional(),
    warmSlots: count("Minimum number of free warm slots for this preset, if `warm` would keep fewer.", 0, 10_000).default(0),
  })
  .meta({
    description: "A named avatar that workers keep loaded.",
    ...rules({
      rule: "[has(self.image), has(self.model), has(self.avatarId)].filter(x, x).size() == 1",
      message: "a preset needs exactly one of image, model and avatarId",
    }),
  });

/** In CEL: whether a launch with this `id` can mean the preset `q`. */
const means = (id: string) =>
  `q.name == ${id} || (has(q.avatarId) && q.avatarId == ${id}) || (has(q.aliases) && ${id} in q.aliases)`;

export const presetsSchema = listOf(presetSchema, "name", 64).meta({
  description:
    "Avatars that workers keep loaded so that sessions start fast. Groups that get their sessions from LiveKit load none.",
  ...rules(
    {
      rule: `self.all(p, !has(p.avatarId) || self.exists_one(q, ${means("p.avatarId")}))`,
      message:
        "an avatarId must differ from every name, avatarId and alias of the other presets: change it, since a launch could mean either preset",
    },
    {
      rule: `self.all(p, !has(p.aliases) || p.aliases.all(a, self.exists_one(q, ${means("a")})))`,
      message:
        "an alias must differ from every name, avatarId and alias of the other presets: remove it, since a launch could mean either preset",
    },
  ),
});
