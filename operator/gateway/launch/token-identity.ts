/** The participant's identity by a room token's `sub`, which is LiveKit's to verify; undefined where it has none. */
export function tokenIdentity(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const { sub } = claims as { readonly sub?: unknown };
    return typeof sub === "string" ? sub : undefined;
  } catch {
    return undefined;
  }
}
