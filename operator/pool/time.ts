/** Unix time in ms of a Kubernetes timestamp; undefined if it is absent or invalid. */
export function timeMs(text: string | undefined): number | undefined {
  const parsed = Date.parse(text ?? "");
  return Number.isNaN(parsed) ? undefined : parsed;
}
