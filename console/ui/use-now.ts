import { useEffect, useState } from "preact/hooks";

/** The present Unix time in ms, which advances every `stepMs` while the page is visible. */
export function useNow(stepMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && setNowMs(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return nowMs;
}
