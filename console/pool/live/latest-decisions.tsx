import type { DecisionMark } from "../../../operator/api/console.ts";
import { poolHref } from "../../shell/route.ts";
import { useRecent } from "../../state/hooks.ts";
import { Ago } from "../../ui/ago.tsx";
import { newestFirst } from "./newest-first.ts";

const signs = { grew: "↑", shrank: "↓", unchanged: "=" } as const satisfies Record<DecisionMark["outcome"], string>;
const SHOWN = 8;

/** The latest decision on each group, and the changes since the page is open. */
export function LatestDecisions({ pool, latest }: { readonly pool: string; readonly latest: readonly DecisionMark[] }) {
  const recent = useRecent(pool);
  const decisions = newestFirst([...latest, ...(recent?.decisions ?? [])]).slice(0, SHOWN);
  return (
    <section class="card" aria-labelledby="decisions-title">
      <h2 id="decisions-title">Latest decisions</h2>
      {decisions.length === 0 ? <p class="soft small">The operator has not decided on a group yet.</p> : null}
      <ol class="decisions">
        {decisions.map(({ id, atMs, group, from, to, outcome, arithmetic }) => (
          <li key={id}>
            <a href={poolHref(pool, "why", id)}>
              <span class={`outcome outcome-${outcome}`} aria-hidden="true">
                {signs[outcome]}
              </span>
              {group}: {outcome === "unchanged" ? `stays at ${to}` : `${from} to ${to}`}
            </a>{" "}
            <span class="soft small">
              <Ago sinceMs={atMs} />
            </span>
            <p class="small">{arithmetic}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
