/** Unix time in ms of a time as Kubernetes writes it; undefined where it is absent or no time. */
export function timeMs(text: string | undefined): number | undefined {
  const parsed = Date.parse(text ?? "");
  return Number.isNaN(parsed) ? undefined : parsed;
}
