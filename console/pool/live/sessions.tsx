import "./sessions.css";
import { useState } from "preact/hooks";
import type { SessionRow } from "../../../operator/api/console.ts";
import { ageOf, countOf, durationOf, plural } from "../../ui/figures.ts";
import { Notice } from "../../ui/notice.tsx";
import { useNow } from "../../ui/use-now.ts";
import { sessionRows } from "./session-rows.ts";
import { StopDialog } from "./stop-dialog.tsx";
import { useSessions } from "./use-sessions.ts";

const STEP = 50;

interface SessionsProps {
  readonly pool: string;
  readonly mayStop: boolean;
  readonly search: string;
  readonly onSearch: (search: string) => void;
}

/** The sessions of the pool, with their ages and start-up stages. */
export function Sessions({ pool, mayStop, search, onSearch }: SessionsProps) {
  const { page, problem, refresh } = useSessions(pool);
  const [shown, setShown] = useState(STEP);
  const [stopping, setStopping] = useState<SessionRow>();
  const nowMs = useNow(5_000);
  const rows = sessionRows(page?.sessions ?? [], search);
  return (
    <section class="card sessions" id="sessions" aria-labelledby="sessions-title">
      <header>
        <h2 id="sessions-title">
          Sessions{" "}
          <span class="soft" role="status">
            {page === undefined
              ? ""
              : search === ""
                ? countOf(rows.length)
                : `${countOf(rows.length)} of ${countOf(page.sessions.length)}`}
          </span>
        </h2>
        <search>
          <label>
            <span class="hidden-text">Search sessions</span>
            <input
              type="search"
              placeholder="Search sessions"
              value={search}
              onInput={({ currentTarget }) => onSearch(currentTarget.value)}
            />
          </label>
        </search>
      </header>
      {problem === undefined ? null : (
        <Notice tone="warn" title="The sessions are not current">
          {problem}
        </Notice>
      )}
      {page?.complete === false ? (
        <Notice tone="info" title="The list may be incomplete">
          A worker or a gateway did not respond.
        </Notice>
      ) : null}
      {page === undefined && problem === undefined ? <p class="soft small">Loading the sessions…</p> : null}
      {page !== undefined && rows.length === 0 ? (
        <p class="soft small">{search === "" ? "No session runs now." : "No session matches the search."}</p>
      ) : null}
      {rows.length === 0 ? null : (
        <table class="plain-table session-table">
          <thead>
            <tr>
              <th scope="col">Room</th>
              <th scope="col">Preset</th>
              <th scope="col">State</th>
              <th scope="col">Worker</th>
              <th scope="col" class="right">
                Age
              </th>
              <th scope="col">Start-up</th>
              {mayStop ? (
                <th scope="col">
                  <span class="hidden-text">Stop</span>
                </th>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={`${row.worker} ${row.room}`}>
                <th scope="row" class="session-room">
                  {row.room}
                </th>
                <td data-label="Preset">{row.preset ?? "–"}</td>
                <td data-label="State">{row.state}</td>
                <td data-label="Worker" class="session-worker">
                  {row.worker}
                </td>
                <td data-label="Age" class="right">
                  {row.launchedAtMs === undefined ? "–" : ageOf(nowMs - row.launchedAtMs)}
                </td>
                <td data-label="Start-up">
                  <Stages stages={row.stages ?? []} />
                </td>
                {mayStop ? (
                  <td>
                    <button type="button" class="danger small" onClick={() => setStopping(row)} aria-label={`Stop ${row.room}`}>
                      Stop
                    </button>
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > shown ? (
        <button type="button" onClick={() => setShown(shown + STEP)}>
          Show {plural(Math.min(STEP, rows.length - shown), "more session")}
        </button>
      ) : null}
      {stopping === undefined ? null : (
        <StopDialog
          pool={pool}
          session={stopping}
          onClose={(stopped) => {
            setStopping(undefined);
            if (stopped) refresh();
          }}
        />
      )}
    </section>
  );
}

/** The total, and the stages in the text below it. */
function Stages({ stages }: { readonly stages: NonNullable<SessionRow["stages"]> }) {
  if (stages.length === 0) return <span class="soft">–</span>;
  const totalMs = stages.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <>
      {durationOf(totalMs)}{" "}
      <span class="soft small session-stages">{stages.map(({ name, ms }) => `${name} ${durationOf(ms)}`).join(" · ")}</span>
    </>
  );
}
