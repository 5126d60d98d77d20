import { Busboy, type BusboyFileStream } from "@fastify/busboy";
import { type LaunchForm, MAX_FIELDS } from "./form.ts";
import { LaunchError } from "./launch-error.ts";

/** A prompt or a token is a few kB. */
const MAX_FIELD_BYTES = 256 * 1024;

const TOO_MUCH = `the form has too many parts: one file and at most ${MAX_FIELDS} fields`;

/**
 * Takes a multipart body apart.
 * @throws LaunchError 400 when it is malformed, 413 when a field is too long.
 */
export function parseMultipart(chunks: readonly Buffer[], contentType: string): Promise<LaunchForm> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>();
    let file: Promise<LaunchForm["file"]> = Promise.resolve(undefined);
    const fail = (message: string, cause?: unknown): void => reject(new LaunchError(400, "bad_request", message, { cause }));
    const malformed = (error: unknown): void =>
      fail(`the multipart body is malformed (${error instanceof Error ? error.message : "it cannot be parsed"})`, error);
    try {
      const parser = new Busboy({
        headers: { "content-type": contentType },
        limits: {
          files: 1,
          fields: MAX_FIELDS,
          parts: MAX_FIELDS + 1,
          fieldSize: MAX_FIELD_BYTES,
          headerPairs: 32,
          headerSize: 8_192,
        },
      });
      parser.on("field", (name, value, _nameCut, valueCut) => {
        if (valueCut) reject(new LaunchError(413, "too_large", `${name} is longer than 256 kB`, { field: name }));
        else if (typeof name === "string" && !fields.has(name)) fields.set(name, value);
      });
      parser.on("file", (name, stream, filename, _encoding, type) => {
        file = readFile(stream).then((data) => ({
          field: name,
          filename: filename || "avatar",
          contentType: safeType(type),
          data,
        }));
        file.catch(malformed);
      });
      parser.on("partsLimit", () => fail(TOO_MUCH));
      parser.on("filesLimit", () => fail(TOO_MUCH));
      parser.on("fieldsLimit", () => fail(TOO_MUCH));
      parser.on("error", malformed);
      parser.on("finish", () => file.then((uploaded) => resolve({ fields, file: uploaded }), malformed));
      for (const chunk of chunks) parser.write(chunk);
      parser.end();
    } catch (error) {
      malformed(error);
    }
  });
}

async function readFile(stream: BusboyFileStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The part's content type goes into a header of ours: only a plain one passes. */
function safeType(type: string): string {
  return /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type) ? type : "application/octet-stream";
}
