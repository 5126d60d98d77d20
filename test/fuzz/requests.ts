import fc from "fast-check";

/** Requests as clients, proxies and attackers send them: mostly well formed, with one or two defects. */

/** The bytes of one connection. */
export interface Traffic {
  readonly bytes: Buffer;
  /** Positions that split the bytes into writes, as fractions of their length. */
  readonly cuts: readonly number[];
  /** wait: waits for the response, as clients do. half-close: half-closes at once. reset: resets the connection. */
  readonly end: "wait" | "half-close" | "reset";
}

export const TOKEN = "token-of-a-client";
export const SECRETS = ["room-token-secret", "makers-secret", TOKEN];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 40 }) },
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "",
    " ",
    "\u0000",
    "\r\n",
    "\uFFFD",
    "%ff",
    "../..",
    "__proto__",
    "constructor",
    "null",
    "1e999",
    "é".repeat(3_000),
  ),
);

const field = fc.constantFrom(
  "livekit_url",
  "livekit_token",
  "room_name",
  "avatar_id",
  "agent_id",
  "avatar_image_url",
  "image",
  "avatar_image",
  "prompt",
  "async_mode",
  "api_secret",
  "mode",
  "model",
  "__proto__",
);

const good: readonly [string, string][] = [
  ["livekit_url", "wss://livekit.example.com"],
  ["livekit_token", "room-token-secret"],
  ["room_name", "room-1"],
  ["avatar_id", "maya"],
];

const likely = fc.constantFrom(
  "https://livekit.example.com",
  "https://images.example.com/me.jpg",
  "http://user:pw@images.example.com/",
  "https://[::1]:8/x",
  "file:///etc/passwd",
  "data:image/png;base64,iVBORw0KGgo=",
  "aGVsbG8=",
  "true",
  "gpu",
);

/** Secrets only in the fields for secrets: the gateway may log other values. */
const secretField = fc.constantFrom("makers-secret", TOKEN).map((value): [string, string] => ["api_secret", value]);

/** The fields of a launch. Some of them are omitted, changed or sent twice. */
const fields: fc.Arbitrary<[string, string][]> = fc
  .record({
    without: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.nat(3)),
    more: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      fc.array(fc.oneof(secretField, fc.tuple(field, fc.oneof(text, likely))), { minLength: 1, maxLength: 3 }),
    ),
  })
  .map(({ without, more }) => [...good.filter((_, at) => at !== without), ...more]);

interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

const urlencoded: fc.Arbitrary<Body> = fields.map((pairs) => ({
  type: "application/x-www-form-urlencoded",
  bytes: Buffer.from(new URLSearchParams(pairs).toString()),
}));

const jsonValue = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  likely.map((value) => JSON.stringify(value)),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom("1e999", "-0", `${"9".repeat(400)}`, "[".repeat(20_000), '{"a":'.repeat(6_000), "\ud800", "nul", '"\\u00'),
);

const odd = fc.oneof(fc.constant([]), fc.array(fc.tuple(field, jsonValue), { minLength: 1, maxLength: 2 }));

const json: fc.Arbitrary<Body> = fc.tuple(fields, odd).map(([pairs, more]) => {
  const members = [...pairs.map(([name, value]) => [name, JSON.stringify(value)] as const), ...more];
  const text = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
  return { type: "application/json", bytes: Buffer.from(text) };
});

const part = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(field, fc.oneof(text, likely))
      .map(([name, value]) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`),
  },
  fc
    .tuple(field, fc.constantFrom("image/jpeg", "text/plain; charset=utf-7", "a/b\u0000", ""), text)
    .map(
      ([name, type, value]) =>
        `content-disposition: form-data; name="${name}"; filename="f"\r\ncontent-type: ${type}\r\n\r\n${value}`,
    ),
  fc.constantFrom(
    "",
    "\r\n\r\n",
    "content-disposition: form-data\r\n\r\nx",
    `x-long: ${"h".repeat(9_000)}\r\n\r\nx`,
    "content-transfer-encoding: base64\r\n\r\n!!",
  ),
);

const multipart: fc.Arbitrary<Body> = fc
  .record({
    fields,
    more: fc.oneof(fc.constant([]), fc.array(part, { minLength: 1, maxLength: 3 })),
    boundary: fc.constantFrom("xyz", "xyz", "xyz", "xyz", "xyz", "xyz", "abc", "", `"xyz"`, "x".repeat(300)),
    times: fc.constantFrom(1, 1, 1, 1, 1, 1, 100),
  })
  .map(({ fields, more, boundary, times }) => {
    const parts = [...fields.map(([name, value]) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`), ...more];
    const text = `${parts
      .map((text) => `--xyz\r\n${text}\r\n`)
      .join("")
      .repeat(times)}--xyz--\r\n`;
    return { type: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.from(text) };
  });

const other: fc.Arbitrary<Body> = fc.record({
  type: fc.constantFrom(
    "",
    "text/plain",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "multipart/mixed; boundary=x",
    ";;;",
  ),
  bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

const header = fc.oneof(
  fc.constantFrom(
    `authorization: Bearer ${TOKEN}`,
    "authorization: Bearer wrong",
    "authorization: Basic dTpw",
    `api-secret: ${TOKEN}`,
    "content-encoding: gzip",
    "expect: 100-continue",
    "expect: something",
    "upgrade: websocket\r\nconnection: upgrade",
    "transfer-encoding: gzip",
    "transfer-encoding: chunked, chunked",
    "content-length: 5",
    "content-length: -1",
    "content-length: 99999999999999999999",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "traceparent: \u00ff",
    "host:",
    "no colon",
    `x-bomb: ${"a".repeat(20_000)}`,
    "x: y\r\n".repeat(1_500).trimEnd(),
  ),
  fc.tuple(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string({ maxLength: 20 })).map(([name, value]) => `${name}: ${value}`),
);

const target = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      "/avatars/support/launch",
      "/avatars/locked/launch",
      "/launch",
      "/avatars/support/launch?async=false",
    ),
  },
  fc.constantFrom(
    "/avatars/support/launch?async=x&async=y",
    "/openapi.json",
    "/",
    "*",
    "/avatars/nobody/launch",
    "/%zz/launch",
    "http://[::1",
    "//",
    `/${"p".repeat(5_000)}`,
  ),
  fc.webPath(),
);

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constant("POST") },
  fc.constantFrom("GET", "HEAD", "PUT", "OPTIONS", "CONNECT", "PRI", "post", ""),
);

const request = fc
  .record({
    method,
    target,
    headers: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom([], [`authorization: Bearer ${TOKEN}`]) },
      fc.array(header, { minLength: 1, maxLength: 2 }),
    ),
    body: fc.oneof(
      { weight: 3, arbitrary: urlencoded },
      { weight: 3, arbitrary: json },
      { weight: 3, arbitrary: multipart },
      other,
    ),
    chunked: fc.boolean(),
  })
  .map(({ method, target, headers, body, chunked }) => {
    const { type, bytes } = body;
    const framing = chunked ? "transfer-encoding: chunked" : `content-length: ${bytes.length}`;
    const head = [`${method} ${target} HTTP/1.1`, "host: gateway", `content-type: ${type}`, framing, ...headers, "", ""].join(
      "\r\n",
    );
    return Buffer.concat([Buffer.from(head, "latin1"), chunked ? inChunks(bytes) : bytes]);
  });

function inChunks(bytes: Buffer): Buffer {
  const chunk = (data: Buffer) => Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
  const middle = bytes.length >> 1;
  const chunks = [bytes.subarray(0, middle), bytes.subarray(middle)].filter(({ length }) => length > 0);
  return Buffer.concat([...chunks.map(chunk), Buffer.from("0\r\n\r\n")]);
}

/** Removes secrets before damage, which may move a part of a secret into a name that the gateway logs. */
function withoutSecrets(bytes: Buffer): Buffer {
  const text = SECRETS.reduce((rest, secret) => rest.replaceAll(secret, "x".repeat(secret.length)), bytes.toString("latin1"));
  return Buffer.from(text, "latin1");
}

/** Bytes that are overwritten, removed or inserted at any position. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(30),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom("\r\n", "\r\n\r\n", "--xyz", '"', "\0").map((text) => Buffer.from(text)),
  ),
});

export const traffic: fc.Arbitrary<Traffic> = fc
  .record({
    // Several requests are pipelined.
    requests: fc.oneof({ weight: 6, arbitrary: fc.tuple(request) }, fc.array(request, { minLength: 2, maxLength: 3 })),
    damages: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(damage, { minLength: 1, maxLength: 2 })),
    cut: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
    end: fc.oneof(
      { weight: 12, arbitrary: fc.constant("wait" as const) },
      fc.constantFrom("half-close" as const, "reset" as const),
    ),
  })
  .map(({ requests, damages, cut, cuts, end }) => {
    const sent = Buffer.concat(requests);
    let bytes = damages.length === 0 ? sent : withoutSecrets(sent);
    for (const { at, remove, insert } of damages) {
      const from = Math.floor(at * bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
    }
    return { bytes: bytes.subarray(0, Math.floor(cut * bytes.length)), cuts: [...cuts].sort((a, b) => a - b), end };
  });
