import "./live-tab.css";
import { useState } from "preact/hooks";
import type { PoolTabProps } from "../pool-tab-props.ts";
import { Conditions } from "./conditions.tsx";
import { FleetMap } from "./fleet-map.tsx";
import { LatestDecisions } from "./latest-decisions.tsx";
import { Queue } from "./queue.tsx";
import { Sessions } from "./sessions.tsx";

/** The pool at this moment: workers, queue, decisions, conditions and sessions. */
export function LiveTab({ pool, state: { summary, workers } }: PoolTabProps) {
  const [search, setSearch] = useState("");
  const showSessions = (pod: string) => {
    setSearch(pod);
    document.querySelector("#sessions")?.scrollIntoView();
  };
  return (
    <div class="live">
      <FleetMap groups={summary.groups} workers={workers} onSessions={showSessions} />
      <div class="live-side">
        <Queue presets={summary.presets} />
        <LatestDecisions pool={pool} latest={summary.latest} />
        <Conditions conditions={summary.conditions} />
      </div>
      <Sessions pool={pool} mayStop={summary.may.stopSessions} search={search} onSearch={setSearch} />
    </div>
  );
}
