import { ageOf } from "./figures.ts";
import { useNow } from "./use-now.ts";

/** How long ago a moment was, as it passes. */
export function Ago({ sinceMs }: { readonly sinceMs: number }) {
  const nowMs = useNow(Date.now() - sinceMs < 60_000 ? 1_000 : 10_000);
  return <time dateTime={new Date(sinceMs).toISOString()}>{ageOf(nowMs - sinceMs)} ago</time>;
}
