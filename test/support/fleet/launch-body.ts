import { createHash } from "node:crypto";

/** The fields of a `POST /launch`. */
export interface LaunchFields {
  readonly roomName: string;
  readonly asyncMode: boolean;
  readonly avatar: AvatarField;
  /** Length of the session from its running state. Absent: until a stop request or the idle timeout. */
  readonly sessionMs?: number;
}

export interface AvatarField {
  readonly kind: "file" | "url" | "id";
  /** Key of the avatar in the worker's cache: the content's hash, the URL or the id. */
  readonly key: string;
}

/** A launch that the worker rejects with status 400. */
export class BadLaunch extends Error {
  override readonly name = "BadLaunch";
}

/**
 * For stand-ins only: the length of a session in seconds, because no real caller disconnects here. It is a header, a form field,
 * or `x_session_seconds=90` in the field `prompt`, because a gateway forwards only the documented fields.
 */
const SESSION_SECONDS = "x_session_seconds";

/** The worker rejects images whose URL contains this, like unusable images. */
const UNUSABLE_IMAGE = "without-a-face";

/**
 * Parses the three body formats of clients: multipart form, urlencoded form, JSON.
 * @throws BadLaunch with an error message if the body is malformed, or a field is missing or invalid.
 */
export async function parseLaunch(contentType: string, body: Buffer, header?: string): Promise<LaunchFields> {
  const fields = await readFields(contentType, body);
  for (const name of ["livekit_url", "livekit_token", "room_name"]) {
    if (text(fields, name) === undefined) throw new BadLaunch(`${name} is required`);
  }
  if (!/^wss?:\/\//.test(text(fields, "livekit_url") ?? "")) throw new BadLaunch("livekit_url must begin with ws:// or wss://");
  const sessionMs = sessionLength(
    header ?? text(fields, SESSION_SECONDS) ?? text(fields, "prompt")?.match(/\bx_session_seconds=([\d.]+)/)?.[1],
  );
  return {
    roomName: text(fields, "room_name") ?? "",
    asyncMode: text(fields, "async_mode") !== "false",
    avatar: avatarOf(fields),
    ...(sessionMs === undefined ? {} : { sessionMs }),
  };
}

function sessionLength(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const sessionMs = Number(seconds) * 1_000;
  // At most a day, because timers have a maximum delay.
  if (!(sessionMs > 0 && sessionMs <= 86_400_000)) throw new BadLaunch(`${SESSION_SECONDS}: give seconds from above 0 to 86400`);
  return sessionMs;
}

type Fields = ReadonlyMap<string, string | Buffer>;

async function readFields(contentType: string, body: Buffer): Promise<Fields> {
  try {
    if (contentType.startsWith("application/json")) {
      const object: unknown = JSON.parse(body.toString());
      return new Map(Object.entries(object ?? {}).map(([name, value]) => [name, String(value)]));
    }
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    const fields = new Map<string, string | Buffer>();
    for (const [name, value] of form) fields.set(name, typeof value === "string" ? value : Buffer.from(await value.arrayBuffer()));
    return fields;
  } catch (error) {
    throw new BadLaunch(`body of type "${contentType}" cannot be read: ${String(error)}`);
  }
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function avatarOf(fields: Fields): AvatarField {
  const id = text(fields, "avatar_id");
  if (id !== undefined) return { kind: "id", key: id };
  const url = text(fields, "avatar_image_url");
  if (url !== undefined) {
    if (!/^https?:\/\/./.test(url)) throw new BadLaunch("avatar_image_url must be an http or https address");
    if (url.includes(UNUSABLE_IMAGE)) throw new BadLaunch("no face was found in the image");
    return { kind: "url", key: url };
  }
  const file = fields.get("avatar_image");
  if (file === undefined) throw new BadLaunch("one of avatar_image, avatar_image_url and avatar_id is required");
  const image = typeof file === "string" ? Buffer.from(file, "base64") : file;
  if (!isImage(image)) throw new BadLaunch("avatar_image is not a JPEG, PNG or WebP image");
  return { kind: "file", key: createHash("sha256").update(image).digest("hex") };
}

/** Checks the first bytes, like the worker's decoder. */
function isImage(data: Buffer): boolean {
  const head = data.subarray(0, 12).toString("latin1");
  return head.startsWith("\xff\xd8\xff") || head.startsWith("\x89PNG\r\n") || /^RIFF.{4}WEBP/s.test(head);
}
