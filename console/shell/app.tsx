import "./app.css";
import { useState } from "preact/hooks";
import { FleetPage } from "../fleet/fleet-page.tsx";
import { everyRow, type FleetView } from "../fleet/fleet-view.ts";
import { PoolPage } from "../pool/pool-page.tsx";
import { SignIn } from "../sign-in/sign-in.tsx";
import { useStatus } from "../state/hooks.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Header } from "./header.tsx";
import { useRoute } from "./use-route.ts";

/** The console: a header, and the page of the address. */
export function App() {
  const status = useStatus();
  const route = useRoute();
  const [view, setView] = useState<FleetView>(everyRow);
  if (status.kind === "signed-out") return <SignIn message={status.message} />;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>("#content")?.focus()}>
        Skip to the content
      </button>
      <Header route={route} />
      <ConnectionBanner status={status} />
      <main id="content" tabIndex={-1}>
        {route.page === "fleet" ? <FleetPage view={view} onView={setView} /> : <PoolPage key={route.pool} route={route} />}
      </main>
    </>
  );
}
