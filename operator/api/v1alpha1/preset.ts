import { z } from "zod";
import { count, dnsLabel, httpUrl, listOf, rules } from "./fields.ts";

const sha256 = z
  .string()
  .max(64)
  .meta({
    description: "SHA-256 of the file, in hexadecimal. A file that differs is refused.",
    ...rules({
      rule: "self.matches('^[0-9a-f]{64}$')",
      message: "must be 64 lower-case hexadecimal digits: the output of sha256sum",
    }),
  });

const alias = z
  .string()
  .max(64)
  .meta({
    description: "An id as the maker gives it, such as A91XMB7113 or avatar_001.",
    ...rules({
      rule: "self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')",
      message: "must be letters, digits, '.', '_' and '-', and begin with a letter or digit",
    }),
  });

export const presetSchema = z
  .object({
    name: dnsLabel(63, "Name by which launches ask for the preset (`avatar_id`)."),
    image: z
      .object({ url: httpUrl("Where workers fetch the image.") })
      .describe("A face image, for engines that animate images.")
      .optional(),
    model: z
      .object({ url: httpUrl("Where the model is fetched before a worker starts."), sha256: sha256.optional() })
      .describe("An `.imx` model, for engines that play models.")
      .optional(),
    avatarId: z
      .string()
      .min(1)
      .max(128)
      .describe("Id of an avatar that the maker's service keeps. A launch may name the preset by this id.")
      .optional(),
    aliases: z
      .array(alias)
      .max(16)
      .meta({
        description:
          "Further ids by which a launch may name the preset, such as the maker's ids that clients already send. No other preset of the pool may have the same id.",
        "x-kubernetes-list-type": "set",
      })
      .optional(),
    warmSlots: count("Fewest slots kept free and warm for this preset, where `warm` would keep fewer.", 0, 10_000).default(0),
  })
  .meta({
    description: "A named avatar that workers keep loaded.",
    ...rules({
      rule: "[has(self.image), has(self.model), has(self.avatarId)].filter(x, x).size() == 1",
      message: "a preset needs exactly one of image, model and avatarId",
    }),
  });

/** In CEL: whether a launch that asks for `id` can mean the preset `q`. */
const means = (id: string) =>
  `q.name == ${id} || (has(q.avatarId) && q.avatarId == ${id}) || (has(q.aliases) && ${id} in q.aliases)`;

export const presetsSchema = listOf(presetSchema, "name", 64).meta({
  description: "Avatars that workers keep loaded, so that sessions start fast.",
  ...rules(
    {
      rule: `self.all(p, !has(p.avatarId) || self.exists_one(q, ${means("p.avatarId")}))`,
      message: "an avatarId is also the name, the avatarId or an alias of another preset: a launch could mean either; change one",
    },
    {
      rule: `self.all(p, !has(p.aliases) || p.aliases.all(a, self.exists_one(q, ${means("a")})))`,
      message: "an alias is also the name, the avatarId or an alias of another preset: a launch could mean either; remove one",
    },
  ),
});
