import type { ReplayInputs } from "../../operator/api/console.ts";
import type { GeneratorName } from "../../operator/simulate/generate.ts";
import { type LaunchSource, MOST_CSV_BYTES } from "./protocol.ts";

/** The launches that the form selects. */
export interface LaunchChoice {
  readonly kind: LaunchSource["kind"];
  readonly file: File | undefined;
  readonly generator: GeneratorName;
  readonly hours: number;
  readonly ratePerMinute: number;
}

/** The last hours if they are known, else a generated day. */
export function recordedOr(inputs: ReplayInputs | undefined): LaunchChoice {
  const kind = inputs === undefined || inputs.launches.length === 0 ? "generated" : "recorded";
  return { kind, file: undefined, generator: "call-centre", hours: 24, ratePerMinute: 2 };
}

/** @throws Error that states what to choose. */
export async function launchSourceOf(
  { kind, file, generator, hours, ratePerMinute }: LaunchChoice,
  inputs: ReplayInputs | undefined,
): Promise<LaunchSource> {
  switch (kind) {
    case "recorded":
      if (inputs === undefined) throw new Error("the launches of the last hours are not known; choose other launches");
      return { kind, launches: inputs.launches, fromMs: inputs.fromMs };
    case "generated":
      return { kind, generator, hours, ratePerMinute };
    case "csv":
      if (file === undefined) throw new Error("no file is chosen; choose a CSV file");
      return { kind, name: file.name, text: await textOf(file) };
  }
}

async function textOf(file: Pick<File, "name" | "size" | "text" | "stream">): Promise<string> {
  const most = MOST_CSV_BYTES / 1_000_000;
  if (file.size > MOST_CSV_BYTES)
    throw new Error(`${file.name} has ${(file.size / 1_000_000).toFixed(1)} MB, but at most ${most} MB are possible`);
  if (!file.name.endsWith(".gz")) return file.text();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  for (let read = await nextOf(file.name, reader); !read.done; read = await nextOf(file.name, reader)) {
    bytes += read.value.length;
    if (bytes > MOST_CSV_BYTES) throw new Error(`${file.name} has more than ${most} MB after decompression`);
    chunks.push(read.value);
  }
  return new Blob(chunks as BlobPart[]).text();
}

async function nextOf(name: string, reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    throw new Error(`${name} is not a gzip file; remove the suffix .gz or compress the file`);
  }
}
