import { useEffect, useState } from "preact/hooks";
import type { Viewer } from "../../operator/api/console.ts";
import { useSession, useStatus } from "../state/hooks.ts";
import { ageOf } from "../ui/figures.ts";
import { useNow } from "../ui/use-now.ts";
import { applyTheme, keptTheme, themes } from "./theme.ts";

/** The viewer, the operator that responds, the colour scheme, and sign-out. */
export function Account() {
  const session = useSession();
  const viewer = useViewer();
  const [theme, setTheme] = useState(keptTheme);
  return (
    <details class="account" onKeyDown={closeOnEscape}>
      <summary>Menu</summary>
      <div class="account-menu">
        {viewer === undefined ? null : <ViewerFacts viewer={viewer} />}
        <fieldset>
          <legend>Colours</legend>
          {themes.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="theme"
                checked={each === theme}
                onChange={() => {
                  applyTheme(each);
                  setTheme(each);
                }}
              />{" "}
              {each}
            </label>
          ))}
        </fieldset>
        <button type="button" onClick={() => session.signOut()}>
          Sign out
        </button>
      </div>
    </details>
  );
}

function ViewerFacts({ viewer: { user, operator, sinceMs, version } }: { readonly viewer: Viewer }) {
  const nowMs = useNow(30_000);
  return (
    <dl>
      <dt>User</dt>
      <dd>{user}</dd>
      <dt>Operator</dt>
      <dd>
        {operator}, leads for {ageOf(nowMs - sinceMs)}
      </dd>
      <dt>Version</dt>
      <dd>{version}</dd>
    </dl>
  );
}

/** Read again after each new connection, because another operator may lead then. */
function useViewer(): Viewer | undefined {
  const { api } = useSession();
  const { kind } = useStatus();
  const [viewer, setViewer] = useState<Viewer>();
  useEffect(() => {
    // The banner shows the reason if the operator does not respond.
    if (kind === "live") api.viewer().then(setViewer, () => setViewer(undefined));
  }, [api, kind]);
  return viewer;
}

function closeOnEscape(event: KeyboardEvent & { readonly currentTarget: HTMLDetailsElement }): void {
  if (event.key !== "Escape") return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary")?.focus();
}
