/** Unix ms as the API's `MicroTime`: RFC 3339 with exactly six digits. */
export function microTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace("Z", "000Z");
}
