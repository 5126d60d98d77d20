import { useCallback, useEffect, useState } from "preact/hooks";
import type { SessionsPage } from "../../../operator/api/console.ts";
import { useSession } from "../../state/hooks.ts";

const POLL_MS = 5_000;
/** After a failure. */
const SLOW_POLL_MS = 15_000;

export interface PolledSessions {
  readonly page: SessionsPage | undefined;
  readonly problem: string | undefined;
  readonly refresh: () => void;
}

/** The sessions of a pool, read again every 5 s while the page is visible: each reading requests all gateways. */
export function useSessions(pool: string): PolledSessions {
  const { api } = useSession();
  const [count, setCount] = useState(0);
  const [read, setRead] = useState<{ readonly page?: SessionsPage; readonly problem?: string }>({});
  // `count` starts a new reading at once.
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      if (document.visibilityState === "hidden") return;
      clearTimeout(timer);
      const result = await api.sessions(pool, ended.signal).then(
        (page) => ({ page }),
        (error: Error) => ({ problem: error.message }),
      );
      if (ended.signal.aborted) return;
      setRead((before) => ({ ...(before.page && { page: before.page }), ...result }));
      timer = setTimeout(poll, "problem" in result ? SLOW_POLL_MS : POLL_MS);
    };
    poll();
    document.addEventListener("visibilitychange", poll, { signal: ended.signal });
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [api, pool, count]);
  const refresh = useCallback(() => setCount((before) => before + 1), []);
  return { page: read.page, problem: read.problem, refresh };
}
