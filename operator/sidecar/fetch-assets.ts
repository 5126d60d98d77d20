import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../runtime/clock.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";
import { type Asset, AssetError, shownUrl } from "./asset.ts";

export interface FetchOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly limitBytes?: number;
  /** Time limit of one file, from the request to the last byte. */
  readonly timeoutMs?: number;
}

const LIMIT_BYTES = 4 * 1024 ** 3;
const TIMEOUT_MS = 30 * 60_000;
const LONGEST_STATUS_TEXT = 200;

type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Downloads the assets into the folder as `NAME.imx`, one after the other, and verifies them. A file gets its name only when it is
 * complete. An existing file with the right hash is kept, so a restart is cheap.
 * @throws AssetError for the first asset that cannot be fetched.
 */
export async function fetchAssets(assets: readonly Asset[], dir: string, options: FetchOptions): Promise<void> {
  for (const asset of assets) await fetchAsset(asset, join(dir, `${asset.name}.imx`), options);
}

async function fetchAsset(asset: Asset, path: string, options: FetchOptions): Promise<void> {
  const url = parseUrl(asset);
  if (await isThere(asset, path)) return;
  const temporary = `${path}.part`;
  try {
    const hash = await download(asset, url, temporary, options);
    checkHash(asset, url, hash);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof AssetError
      ? error
      : failure(asset, `cannot be saved (${reasonOf(error)}); check the volume of the models`, error);
  }
}

function parseUrl(asset: Asset): URL {
  const url = URL.parse(asset.url);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw failure(asset, "its url is not an http or https address; correct the preset's model.url");
  }
  if (url.username !== "" || url.password !== "") {
    throw failure(asset, "its url contains a user name or password, which everyone who can read the pool sees; use a signed URL");
  }
  return url;
}

/** Without a hash, any complete file is accepted: the folder belongs to the pod, and a changed url creates a new pod. */
async function isThere(asset: Asset, path: string): Promise<boolean> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size === 0 || asset.sha256 === undefined) return size > 0;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex") === asset.sha256.toLowerCase();
}

/** Streams the file to `path` and returns its sha256 in hexadecimal. */
async function download(asset: Asset, url: URL, path: string, options: FetchOptions): Promise<string> {
  const { clock, signal, limitBytes = LIMIT_BYTES, timeoutMs = TIMEOUT_MS } = options;
  const deadline = new AbortController();
  const timer = clock.schedule(timeoutMs, () => deadline.abort(new Error(`not complete after ${timeoutMs / 1_000} s`)));
  try {
    const response = await request(asset, url, signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]));
    return await save(response.body ?? [], asset, url, path, limitBytes);
  } finally {
    timer.cancel();
    // Closes the connection if the answer was not read to its end.
    deadline.abort();
  }
}

async function request(asset: Asset, url: URL, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    const advice = "check the preset's model.url, and that pods may reach it";
    throw failure(asset, `${shownUrl(url)} cannot be reached (${reasonOf(error)}); ${advice}`, error);
  });
  if (response.status === 200) return response;
  const text = hideSecrets(response.statusText.slice(0, LONGEST_STATUS_TEXT), [url.search.slice(1)]);
  const answer = `${response.status} ${text}`.trim();
  throw failure(asset, `${shownUrl(url)} answered ${answer}; correct the preset's model.url, or upload the file`);
}

async function save(body: Body, asset: Asset, url: URL, path: string, limitBytes: number): Promise<string> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  await using file = await open(path, "w");
  for await (const chunk of readable(body, asset, url)) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      const size = `more than ${limitBytes} bytes, which is too large for an .imx model`;
      throw failure(asset, `${shownUrl(url)} sent ${size}; correct the preset's model.url`);
    }
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  if (sizeBytes === 0) throw failure(asset, `${shownUrl(url)} sent an empty file; upload the model again`);
  return hash.digest("hex");
}

/** The chunks of the body. Reports a broken connection as such, because any other error while saving comes from the disk. */
async function* readable(body: Body, asset: Asset, url: URL): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    const cure = "the download is retried, check that server if this continues";
    throw failure(asset, `${shownUrl(url)} closed the connection early (${reasonOf(error)}); ${cure}`, error);
  }
}

function checkHash(asset: Asset, url: URL, hash: string): void {
  if (asset.sha256 === undefined || hash === asset.sha256.toLowerCase()) return;
  const message = `${shownUrl(url)} sent a file with sha256 ${hash}, expected ${asset.sha256}; correct the preset's model.sha256, or the file`;
  throw failure(asset, message);
}

function failure(asset: Asset, sentence: string, cause?: unknown): AssetError {
  return new AssetError(`preset ${asset.name}: ${sentence}`, cause === undefined ? undefined : { cause });
}

/** `fetch` reports the reason in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
