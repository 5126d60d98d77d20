/** Stands for a hidden text. */
export const HIDDEN = "[hidden]";
/** Shorter texts are not hidden, because they would match parts of ordinary words. */
const SHORTEST_SECRET = 8;
/** A part of a secret with this length is hidden too: libraries shorten their quotes and keep the beginning and the end. */
const PIECE = 12;
/** A longer base64 text is an image or a key and not part of a message. */
const LONGEST_BASE64 = 256;

/** Patterns of texts that are secret by their form, with their replacement. */
const shapes: readonly (readonly [RegExp, string])[] = [
  // The header of a JSON Web Token begins with `{"`. The rest of the token may be cut off.
  [/eyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, HIDDEN],
  [/\b(Bearer|Basic) +[^\s"',]{8,}/gi, `$1 ${HIDDEN}`],
  // User and password, and a query that may contain a signature.
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#"'<>@]+@/gi, `$1${HIDDEN}@`],
  [/\b((?:https?|wss?):\/\/[^\s?#"'<>]+)\?[^\s"'<>]+/gi, "$1?…"],
  [new RegExp(`[\\w+/-]{${LONGEST_BASE64},}={0,2}`, "g"), HIDDEN],
];

/**
 * Makes a foreign text safe to quote in messages, conditions, events and logs: hides these secrets in every encoding, and texts
 * that are secret by their form. Every text from a worker, a cloud, a pod or a LiveKit server passes through this function.
 * @param secrets secrets that were sent to the author of the text.
 */
export function hideSecrets(text: string, secrets: readonly string[] = []): string {
  const known = hidePieces(text, secrets.filter(({ length }) => length >= SHORTEST_SECRET).flatMap(spellings));
  return shapes.reduce((rest, [shape, shown]) => rest.replace(shape, shown), known);
}

/** The spellings of a secret in JSON, in a URL or form, and in base64 at any offset. */
function spellings(secret: string): readonly string[] {
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // The first and the last group contain bits of the text beside the secret.
    return (["base64", "base64url"] as const).map((encoding) =>
      bytes.toString(encoding).slice(before === 0 ? 0 : 4, 4 * Math.floor(bytes.length / 3)),
    );
  });
  const inForm = new URLSearchParams([["", secret]]).toString().slice(1);
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), inForm, ...inBase64])];
}

/** Hides every part of the text that consists of pieces of these texts. */
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
