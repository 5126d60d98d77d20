import { useStatus } from "../state/hooks.ts";
import type { StreamStatus } from "../stream/protocol.ts";
import { Account } from "./account.tsx";
import { fleetHref, type Route } from "./route.ts";

const words = {
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
  "signed-out": "Signed out",
} as const satisfies Record<StreamStatus["kind"], string>;

export function Header({ route }: { readonly route: Route }) {
  const { kind } = useStatus();
  return (
    <header class="header">
      <nav aria-label="Console">
        <a class="brand" href={fleetHref} aria-current={route.page === "fleet" ? "page" : undefined} aria-label="AvatarPool: fleet">
          <Mark />
          <span>AvatarPool</span>
        </a>
        {route.page === "pool" ? <span class="crumb">{route.pool}</span> : null}
      </nav>
      <span class={`connection connection-${kind}`}>{words[kind]}</span>
      <Account />
    </header>
  );
}

/** Three busy slots and a free one. */
function Mark() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="1" width="6" height="6" rx="1.5" fill="currentColor" />
      <rect x="9" y="1" width="6" height="6" rx="1.5" fill="currentColor" />
      <rect x="1" y="9" width="6" height="6" rx="1.5" fill="currentColor" />
      <rect x="9.75" y="9.75" width="4.5" height="4.5" rx="1" fill="none" stroke="currentColor" stroke-width="1.5" />
    </svg>
  );
}
