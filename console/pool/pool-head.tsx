import { useEffect } from "preact/hooks";
import type { PoolSummary } from "../../operator/api/console.ts";
import { costOf, countOf, durationOf, shareOf } from "../ui/figures.ts";
import { Health } from "../ui/health.tsx";
import { Meter } from "../ui/meter.tsx";
import { Notice } from "../ui/notice.tsx";
import { Stat, Stats } from "../ui/stats.tsx";
import { budgetTone, startupTone, warmTone } from "../ui/tones.ts";

/** Name, health and main figures of a pool. */
export function PoolHead({ summary }: { readonly summary: PoolSummary }) {
  const { namespace, name, health, sentence, stale, sessions, slots, warmSlots, warmWanted, queued } = summary;
  const { startupP95Ms, objectiveMs, errorBudget, pressurePerMinute, costPerHour } = summary;
  useEffect(() => {
    document.title = `${name} · AvatarPool`;
  }, [name]);
  const most = Math.max(warmSlots, warmWanted ?? 0, 1);
  return (
    <>
      <div class="pool-head">
        <h1>
          {name} <span class="soft">{namespace}</span>
        </h1>
        <p>
          <Health health={health} /> <span class="pool-sentence">{sentence}</span>
        </p>
      </div>
      {stale ? (
        <Notice tone="warn" title="No gateway reports the load of this pool" announce>
          Sessions, queue and start-up times are the last known ones. Gateways continue to serve launches. Check the gateway pods if
          this lasts longer than a minute.
        </Notice>
      ) : null}
      <Stats label="Figures of the pool">
        <Stat title="Sessions" value={countOf(sessions)} note={`of ${countOf(slots)} slots`}>
          <Meter share={sessions / Math.max(1, slots)} />
        </Stat>
        <Stat
          title="Warm slots"
          value={countOf(warmSlots)}
          note={warmWanted === undefined ? undefined : `of ${countOf(warmWanted)} wanted`}
        >
          <Meter
            share={warmSlots / most}
            mark={warmWanted === undefined ? undefined : warmWanted / most}
            tone={warmTone(summary)}
          />
        </Stat>
        <Stat title="Waiting launches" value={countOf(queued)} {...(queued > 0 && { tone: "warn" })} />
        <Stat
          title="Start-up p95"
          value={durationOf(startupP95Ms)}
          note={`objective ${durationOf(objectiveMs)}`}
          tone={startupTone(summary)}
        >
          <Meter share={(startupP95Ms ?? 0) / (1.5 * objectiveMs)} mark={1 / 1.5} tone={startupTone(summary)} />
        </Stat>
        <Stat title="Error budget" value={shareOf(errorBudget)} note={errorBudget === undefined ? "no launches yet" : "remains"}>
          <Meter share={errorBudget ?? 0} tone={budgetTone(errorBudget)} />
        </Stat>
        <Stat title="Pressure" value={pressurePerMinute.toLocaleString("en", { maximumFractionDigits: 1 })} note="per minute" />
        {costPerHour === undefined ? null : <Stat title="Cost per hour" value={costOf(costPerHour)} />}
      </Stats>
    </>
  );
}
