import type { StreamStatus } from "../stream/protocol.ts";
import { Ago } from "../ui/ago.tsx";
import { Notice } from "../ui/notice.tsx";

/** Shows that the page no longer follows the fleet, since when, and why. */
export function ConnectionBanner({ status }: { readonly status: StreamStatus }) {
  if (status.kind !== "lost") return null;
  const { sinceMs, message } = status;
  return (
    <Notice tone="warn" title={sinceMs === undefined ? "The operator does not respond" : "Not live"} announce>
      {sinceMs === undefined ? null : (
        <>
          This is the state <Ago sinceMs={sinceMs} />.{" "}
        </>
      )}
      The console reconnects by itself: {message}. Sessions and launches continue without the operator.
    </Notice>
  );
}
