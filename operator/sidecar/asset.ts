import { z } from "zod";

/** A model to fetch before the worker starts. It becomes the file `NAME.imx`. */
export interface Asset {
  readonly name: string;
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256?: string | undefined;
}

/** An error that names the preset, the address and what to do. Its message never contains a signed query. */
export class AssetError extends Error {
  override readonly name = "AssetError";
}

const assetsSchema = z
  .array(
    z.object({
      // The name becomes a file name, so it must not leave the folder.
      name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
      url: z.string(),
      sha256: z
        .string()
        .regex(/^[0-9a-fA-F]{64}$/)
        .optional(),
    }),
  )
  .max(1_000);

/**
 * Reads the lists of assets from the variables `AVATARPOOL_ASSETS_0` and so on, which the operator sets on the init container.
 * @throws AssetError if there is no list, or a list is not valid JSON.
 */
export function parseAssets(env: Readonly<Record<string, string | undefined>>): readonly Asset[] {
  const assets: Asset[] = [];
  for (let index = 0; index === 0 || env[variable(index)] !== undefined; index++) {
    assets.push(...parseList(variable(index), env[variable(index)] ?? ""));
  }
  return assets;
}

function variable(index: number): string {
  return `AVATARPOOL_ASSETS_${index}`;
}

function parseList(name: string, json: string): readonly Asset[] {
  try {
    return assetsSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw new AssetError(`${name} is not a list of {name, url, sha256?}; the operator sets it, do not override it`, { cause });
  }
}

/** The address for messages, without its query, which may contain a signature. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;
}
