import "./why.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { DecisionDetail } from "../../operator/api/console.ts";
import type { PoolTabProps } from "../pool/pool-tab-props.ts";
import { poolHref } from "../shell/route.ts";
import { useRecent, useSession } from "../state/hooks.ts";
import { DecisionText } from "../time/decision-text.tsx";
import { Notice } from "../ui/notice.tsx";
import { ForecastCurve } from "./forecast-curve.tsx";
import { inputRows } from "./inputs.ts";

/** Why a group has its size: one decision, or the latest ones to choose from. */
export function WhyPage({ pool, state, decision }: PoolTabProps) {
  if (decision !== undefined) return <Decision key={decision} pool={pool} id={decision} />;
  return <Latest pool={pool} latest={state.summary.latest} />;
}

function Latest({ pool, latest }: { readonly pool: string; readonly latest: PoolTabProps["state"]["summary"]["latest"] }) {
  const recent = useRecent(pool);
  const now = new Set(latest.map(({ id }) => id));
  const changes = (recent?.decisions ?? []).filter(({ id }) => !now.has(id)).toReversed();
  return (
    <section class="why" aria-labelledby="why-title">
      <h2 id="why-title">Why does each group have its size?</h2>
      {latest.length === 0 ? <p>No decision on any group yet.</p> : <DecisionList pool={pool} decisions={latest} />}
      {changes.length > 0 && (
        <>
          <h2>Changes since this page shows the pool</h2>
          <DecisionList pool={pool} decisions={changes} />
        </>
      )}
      <p class="soft">
        <a href={poolHref(pool, "time")}>Time</a> shows the changes of the last hours.
      </p>
    </section>
  );
}

function DecisionList({
  pool,
  decisions,
}: {
  readonly pool: string;
  readonly decisions: PoolTabProps["state"]["summary"]["latest"];
}) {
  return (
    <ul class="card why-list">
      {decisions.map((mark) => (
        <li key={mark.id}>
          <DecisionText mark={mark} /> <a href={poolHref(pool, "why", mark.id)}>Inputs and alternatives of {mark.group}</a>
        </li>
      ))}
    </ul>
  );
}

function Decision({ pool, id }: { readonly pool: string; readonly id: string }) {
  const { detail, error } = useDecision(pool, id);
  if (error !== undefined)
    return (
      <Notice tone="warn" title="The decision is not available" announce>
        {error}. <a href={poolHref(pool, "why")}>Show the latest decisions</a>
      </Notice>
    );
  if (detail === undefined) return <p class="soft loading">Loading the decision…</p>;
  return <Detail pool={pool} detail={detail} />;
}

function Detail({ pool, detail }: { readonly pool: string; readonly detail: DecisionDetail }) {
  const { atMs, group, from, to, outcome, reason, arithmetic } = detail;
  const rows = useMemo(() => inputRows(detail.inputs), [detail]);
  return (
    <section class="why" aria-labelledby="why-title">
      <p>
        <a href={poolHref(pool, "why")}>All groups</a>
      </p>
      <h2 id="why-title">
        {outcome === "unchanged"
          ? `Why does ${group} stay at ${to} workers?`
          : `Why did ${group} change from ${from} to ${to} workers?`}
      </h2>
      <p class="soft">
        <time dateTime={new Date(atMs).toISOString()}>{new Date(atMs).toLocaleString("en-GB")}</time>
      </p>
      <div class="card">
        <h3>Reason</h3>
        <p class="sum">{reason}</p>
        {!reason.includes(arithmetic) && (
          <>
            <h3>Calculation</h3>
            <p class="sum">{arithmetic}</p>
          </>
        )}
      </div>
      <div class="why-columns">
        <div class="card">
          <h3>Inputs</h3>
          <InputTable rows={rows} />
        </div>
        {detail.what !== undefined && (
          <div class="card">
            <h3>With one session fewer or more</h3>
            <Alternatives {...detail.what} to={to} />
          </div>
        )}
      </div>
      {detail.forecast !== undefined && (
        <div class="card">
          <h3>Forecast</h3>
          <ForecastCurve forecast={detail.forecast} />
        </div>
      )}
    </section>
  );
}

function InputTable({ rows }: { readonly rows: ReturnType<typeof inputRows> }) {
  if (rows.length === 0) return <p>The group is being removed from the pool, so there was no calculation.</p>;
  return (
    <table class="inputs">
      <thead>
        <tr>
          <th scope="col">input</th>
          <th scope="col">value</th>
          <th scope="col">meaning</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, value, meaning, isZero }) => (
          <tr key={label} class={isZero ? "soft" : undefined}>
            <th scope="row">{label}</th>
            <td>{value}</td>
            <td>{meaning}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface AlternativesProps extends NonNullable<DecisionDetail["what"]> {
  readonly to: number;
}

function Alternatives({ fewer, more, to }: AlternativesProps) {
  const cases = [
    { name: "One session fewer", ...fewer },
    { name: "One session more", ...more },
  ];
  return (
    <dl class="alternatives">
      {cases.map(({ name, to: other, arithmetic }) => (
        <div key={name}>
          <dt>
            {name}: {workers(other)}
            {other === to ? ", the same" : `, ${workers(Math.abs(other - to))} ${other > to ? "more" : "fewer"}`}
          </dt>
          <dd class="sum">{arithmetic}</dd>
        </div>
      ))}
    </dl>
  );
}

function workers(count: number): string {
  return `${count} ${count === 1 ? "worker" : "workers"}`;
}

interface LoadedDecision {
  readonly detail?: DecisionDetail;
  readonly error?: string;
}

function useDecision(pool: string, id: string): LoadedDecision {
  const { api } = useSession();
  const [loaded, setLoaded] = useState<LoadedDecision>({});
  useEffect(() => {
    const abort = new AbortController();
    api.decision(pool, id, abort.signal).then(
      (detail) => setLoaded({ detail }),
      (error: Error) => {
        if (!abort.signal.aborted) setLoaded({ error: error.message });
      },
    );
    return () => abort.abort();
  }, [api, pool, id]);
  return loaded;
}
