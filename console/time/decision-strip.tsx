import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { DecisionMark } from "../../operator/api/console.ts";
import { plotPadding } from "../plot/chart.tsx";
import type { Range } from "../plot/range.ts";
import { momentText } from "../plot/units.ts";
import { poolHref } from "../shell/route.ts";
import { type Cluster, clustersOf } from "./clusters.ts";
import { DecisionText } from "./decision-text.tsx";

/** The smallest target of WCAG 2.2. */
const TARGET_PX = 24;

interface StripProps {
  readonly pool: string;
  /** Ascending by time. */
  readonly decisions: readonly DecisionMark[];
  readonly range: Range;
}

/** The changes of size above the plots. Each mark shows its sentence and its arithmetic. */
export function DecisionStrip({ pool, decisions, range }: StripProps) {
  const strip = useRef<HTMLDivElement>(null);
  const panelId = useId();
  const [width, setWidth] = useState(0);
  const [open, setOpen] = useState<{ readonly first: string; readonly pinned: boolean }>();
  const [current, setCurrent] = useState(0);
  useEffect(() => {
    const box = strip.current;
    if (box === null) return;
    const resized = new ResizeObserver(() => setWidth(box.clientWidth));
    resized.observe(box);
    return () => resized.disconnect();
  }, []);
  const inner = Math.max(0, width - plotPadding.left - plotPadding.right);
  const leftOf = ({ atMs }: DecisionMark) => ((atMs - range.min) / (range.max - range.min || 1)) * inner;
  const visible = decisions.filter(({ atMs }) => atMs >= range.min && atMs <= range.max);
  const clusters = inner === 0 ? [] : clustersOf(visible, leftOf, TARGET_PX);
  const shown = clusters.find(({ marks }) => marks[0]?.id === open?.first);
  const focusable = Math.min(current, clusters.length - 1);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") return setOpen(undefined);
    const next = nextIndex(event.key, focusable, clusters.length);
    if (next === undefined) return;
    event.preventDefault();
    strip.current?.querySelectorAll("button")[next]?.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: closes the panel when the pointer or the focus leaves
    <div
      class="decisions"
      onMouseLeave={() => setOpen((now) => (now?.pinned ? now : undefined))}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOpen(undefined);
      }}
      onKeyDown={(event) => event.key === "Escape" && setOpen(undefined)}
    >
      <p class="decisions-title" id={`${panelId}-title`}>
        Changes of size{clusters.length === 0 ? ": none in this time" : ""}
      </p>
      <div class="decisions-strip" ref={strip} role="toolbar" aria-labelledby={`${panelId}-title`} onKeyDown={onKeyDown}>
        {clusters.map((cluster, index) => {
          const first = cluster.marks[0]?.id ?? "";
          return (
            <button
              key={first}
              type="button"
              class={directionOf(cluster)}
              style={{ left: `${plotPadding.left + cluster.left}px` }}
              tabIndex={index === focusable ? 0 : -1}
              aria-label={labelOf(cluster)}
              aria-expanded={shown === cluster}
              aria-controls={panelId}
              onFocus={() => {
                setCurrent(index);
                setOpen({ first, pinned: false });
              }}
              onMouseEnter={() => setOpen((now) => (now?.pinned ? now : { first, pinned: false }))}
              onClick={() => setOpen((now) => (now?.first === first && now.pinned ? undefined : { first, pinned: true }))}
            >
              {cluster.marks.length > 1 ? cluster.marks.length : symbols[directionOf(cluster)]}
            </button>
          );
        })}
      </div>
      <div id={panelId} role="status">
        {shown !== undefined && (
          <div class="decision-panel" style={{ "--left": `${plotPadding.left + shown.left}px` }}>
            <ul>
              {shown.marks.slice(-MOST_SHOWN).map((mark) => (
                <li key={mark.id}>
                  <DecisionText mark={mark} /> <a href={poolHref(pool, "why", mark.id)}>Why</a>
                </li>
              ))}
            </ul>
            {shown.marks.length > MOST_SHOWN && (
              <p class="soft small">Zoom in to see {shown.marks.length - MOST_SHOWN} earlier ones.</p>
            )}
          </div>
        )}
      </div>
    </div>
  );
}

/** Decisions in the panel of one mark. */
const MOST_SHOWN = 8;

const symbols = { grew: "▲", shrank: "▼", mixed: "◆" } as const;

function directionOf({ marks }: Cluster<DecisionMark>): keyof typeof symbols {
  if (marks.every(({ to, from }) => to > from)) return "grew";
  return marks.every(({ to, from }) => to < from) ? "shrank" : "mixed";
}

function labelOf({ marks }: Cluster<DecisionMark>): string {
  const [first] = marks;
  const last = marks.at(-1);
  if (first === undefined || last === undefined) return "";
  if (marks.length === 1) return `${momentText(first.atMs, Date.now())}: ${first.group} from ${first.from} to ${first.to} workers`;
  return `${marks.length} changes of size from ${momentText(first.atMs, Date.now())} to ${momentText(last.atMs, Date.now())}`;
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, index - 1);
    case "ArrowRight":
      return Math.min(count - 1, index + 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}
