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
    avatarId: z.string().min(1).max(128).describe("Id of an avatar that the maker's service keeps.").optional(),
    warmSlots: count("Fewest slots kept free and warm for this preset, where `warm` would keep fewer.", 0, 10_000).default(0),
  })
  .meta({
    description: "A named avatar that workers keep loaded.",
    ...rules({
      rule: "[has(self.image), has(self.model), has(self.avatarId)].filter(x, x).size() == 1",
      message: "a preset needs exactly one of image, model and avatarId",
    }),
  });

export const presetsSchema = listOf(presetSchema, "name", 64).describe(
  "Avatars that workers keep loaded, so that sessions start fast.",
);
