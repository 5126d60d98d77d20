import "./pool-page.css";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fleetHref, poolHref, type Route } from "../shell/route.ts";
import { usePool } from "../state/hooks.ts";
import { Notice } from "../ui/notice.tsx";
import { PoolHead } from "./pool-head.tsx";
import type { PoolTabProps } from "./pool-tab-props.ts";
import { poolTabEntries } from "./pool-tabs.ts";

/** A pool: its head, and the page of the tab. */
export function PoolPage({ route }: { readonly route: Extract<Route, { readonly page: "pool" }> }) {
  const { pool, tab, decision } = route;
  const state = usePool(pool);
  const { page: Tab, problem } = useTab(tab);
  if (state === undefined) return <p class="soft loading">Loading {pool}…</p>;
  if (state.kind === "gone")
    return (
      <>
        <h1>{pool}</h1>
        <Notice tone="warn" title="This pool is not here" announce>
          {state.message}. <a href={fleetHref}>Show all pools</a>
        </Notice>
      </>
    );
  return (
    <>
      <PoolHead summary={state.summary} />
      <nav class="tabs" aria-label={`Pages of ${pool}`}>
        {poolTabEntries.map((entry) => (
          <a key={entry.tab} href={poolHref(pool, entry.tab)} aria-current={entry.tab === tab ? "page" : undefined}>
            {entry.title}
          </a>
        ))}
      </nav>
      {problem === undefined ? null : (
        <Notice tone="bad" title="The page did not load" announce>
          {problem}. Reload the page: the operator may have another version now.
        </Notice>
      )}
      {Tab === undefined ? <p class="soft loading">Loading…</p> : <Tab pool={pool} state={state} decision={decision} />}
    </>
  );
}

interface LoadedTab {
  readonly page?: ComponentType<PoolTabProps>;
  readonly problem?: string;
}

function useTab(tab: string): LoadedTab {
  const [loaded, setLoaded] = useState<LoadedTab & { readonly tab?: string }>({});
  useEffect(() => {
    const entry = poolTabEntries.find((each) => each.tab === tab);
    entry?.load().then(
      (page) => setLoaded({ tab, page }),
      (error: Error) => setLoaded({ tab, problem: error.message }),
    );
  }, [tab]);
  return loaded.tab === tab ? loaded : {};
}
