const HIDDEN = "[hidden]";
/** Shorter texts are no secrets, and would be found in every word. */
const SHORTEST_SECRET = 8;
/** A piece of a secret of this length is hidden too: libraries shorten what they quote, and keep its beginning and its end. */
const PIECE = 12;
/** What is longer than this is no base64 value of a message, but an image or a key. */
const LONGEST_BASE64 = 256;

/** Texts that are secret by their form, whoever has made them, and what a message shows in their place. */
const shapes: readonly (readonly [RegExp, string])[] = [
  // The header of a JSON Web Token begins with `{"`; the rest of the token may be cut off.
  [/eyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, HIDDEN],
  [/\b(Bearer|Basic) +[^\s"',]{8,}/gi, `$1 ${HIDDEN}`],
  // A user and a password, and a query that may hold a signature.
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#"'<>@]+@/gi, `$1${HIDDEN}@`],
  [/\b((?:https?|wss?):\/\/[^\s?#"'<>]+)\?[^\s"'<>]+/gi, "$1?…"],
  [new RegExp(`[\\w+/-]{${LONGEST_BASE64},}={0,2}`, "g"), HIDDEN],
];

/**
 * A text that others wrote, as messages, conditions, events and logs may quote it: without these secrets, however they are
 * written, and without what is a secret by its form. Each text that comes from a worker, a cloud, a pod or a LiveKit server
 * passes here before it is quoted.
 * @param secrets what was sent to whoever wrote the text.
 */
export function hideSecrets(text: string, secrets: readonly string[] = []): string {
  const known = hidePieces(text, secrets.filter(({ length }) => length >= SHORTEST_SECRET).flatMap(spellings));
  return shapes.reduce((rest, [shape, shown]) => rest.replace(shape, shown), known);
}

/** How a secret is written in JSON, in a URL or form, and in base64, wherever in the encoded text it begins. */
function spellings(secret: string): readonly string[] {
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // The first and the last group hold bits of what stands beside the secret.
    return (["base64", "base64url"] as const).map((encoding) =>
      bytes.toString(encoding).slice(before === 0 ? 0 : 4, 4 * Math.floor(bytes.length / 3)),
    );
  });
  const inForm = new URLSearchParams([["", secret]]).toString().slice(1);
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), inForm, ...inBase64])];
}

/** Hides every stretch of the text that is made of pieces of these texts. */
function hidePieces(text: string, hidden: readonly string[]): string {
  const pieces = piecesBySize(hidden);
  let shown = "";
  let hiddenTo = 0;
  for (let at = 0; at < text.length; at += 1) {
    for (const [size, known] of pieces) if (known.has(text.slice(at, at + size))) hiddenTo = Math.max(hiddenTo, at + size);
    if (at >= hiddenTo) shown += text[at];
    else if (!shown.endsWith(HIDDEN)) shown += HIDDEN;
  }
  return shown;
}

function piecesBySize(texts: readonly string[]): ReadonlyMap<number, ReadonlySet<string>> {
  const pieces = new Map<number, Set<string>>();
  for (const text of texts) {
    const size = Math.min(PIECE, text.length);
    if (size < SHORTEST_SECRET) continue;
    const ofSize = pieces.get(size) ?? new Set();
    pieces.set(size, ofSize);
    for (let at = 0; at + size <= text.length; at += 1) ofSize.add(text.slice(at, at + size));
  }
  return pieces;
}
