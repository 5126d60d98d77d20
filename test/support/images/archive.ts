import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";

/** The configuration of an image that tests look at. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
}

/** An image of a base with one layer on it, as the builds here make them. */
export interface BuiltImage {
  readonly config: ImageConfig;
  /** What the Dockerfile added to the base. Names have no leading slash. */
  readonly added: readonly Header[];
  /** Bytes of it. */
  readonly addedBytes: number;
}

/** Reads an archive of `docker save`. @throws Error if the image has not exactly one layer on its base. */
export async function readImage(archive: string): Promise<BuiltImage> {
  const files = new Map<string, string>();
  await eachEntry(archive, async (header, body) => {
    if (header.name.endsWith(".json")) files.set(header.name, await text(body));
    else body.resume();
  });
  const [{ Config, Layers }] = JSON.parse(files.get("manifest.json") ?? "[]");
  if (Layers.length !== 2) throw new Error(`${archive} has ${Layers.length} layers, not a base and one more`);
  const added: Header[] = [];
  await eachEntry(archive, async (header, body) => {
    if (header.name !== Layers[1]) return void body.resume();
    for await (const entry of body.pipe(extract())) {
      added.push(entry.header);
      entry.resume();
    }
  });
  const addedBytes = added.reduce((total, { size = 0 }) => total + size, 0);
  return { config: JSON.parse(files.get(Config) ?? "{}").config, added, addedBytes };
}

type Entry = AsyncIterable<unknown> & NodeJS.ReadableStream;

async function eachEntry(archive: string, visit: (header: Header, body: Entry) => Promise<void>): Promise<void> {
  for await (const entry of createReadStream(archive).pipe(extract())) {
    const done = new Promise<void>((resolve, reject) => entry.once("end", () => resolve()).once("error", reject));
    await visit(entry.header, entry as unknown as Entry);
    await done;
  }
}
