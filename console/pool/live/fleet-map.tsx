import "./fleet-map.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GroupSummary, WorkerTile } from "../../../operator/api/console.ts";
import { countOf } from "../../ui/figures.ts";
import { chunksOf } from "./chunks.ts";
import { Inspector } from "./inspector.tsx";
import { Legend } from "./legend.tsx";
import { isMoveKey, movedTo } from "./roving.ts";
import { TileChunk } from "./tile.tsx";
import { stateCounts } from "./worker-words.ts";

interface FleetMapProps {
  readonly groups: readonly GroupSummary[];
  readonly workers: ReadonlyMap<string, WorkerTile>;
  /** Shows the sessions of a worker. */
  readonly onSessions: (pod: string) => void;
}

/** Every worker of a pool as a tile, by group. Hover, focus or tap shows the worker below. */
export function FleetMap({ groups, workers, onSessions }: FleetMapProps) {
  const map = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<{ readonly uid: string; readonly pinned: boolean }>();
  useEffect(() => keepOneTabStop(map.current), [workers]);
  const show = (event: Event) => {
    const uid = uidOf(event);
    if (uid !== undefined && shown?.pinned !== true) setShown({ uid, pinned: false });
  };
  /** A second tap releases the worker. */
  const pin = (event: Event) => {
    const uid = uidOf(event);
    if (uid !== undefined) setShown({ uid, pinned: shown?.uid !== uid || !shown.pinned });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setShown(undefined);
    if (isMoveKey(event.key) && move(map.current, event.key)) event.preventDefault();
  };
  const worker = shown === undefined ? undefined : workers.get(shown.uid);
  return (
    <section class="card fleet-map" aria-labelledby="workers-title">
      <header>
        <h2 id="workers-title">
          Workers <span class="soft">{countOf(workers.size)}</span>
        </h2>
        <Legend />
      </header>
      {workers.size === 0 ? (
        <p class="soft">No worker exists. The first one starts when a launch or the warm slots need it.</p>
      ) : null}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form */}
      <div
        ref={map}
        role="group"
        aria-label="Workers. The arrow keys move between them."
        onPointerOver={(event) => event.pointerType === "mouse" && show(event)}
        onFocusIn={(event) => {
          moveTabStop(map.current, event.target);
          show(event);
        }}
        onClick={pin}
        onKeyDown={onKeyDown}
      >
        <Groups groups={groups} workers={workers} />
      </div>
      <Inspector worker={worker} pinned={shown?.pinned ?? false} onSessions={onSessions} onClose={() => setShown(undefined)} />
    </section>
  );
}

function Groups({ groups, workers }: Pick<FleetMapProps, "groups" | "workers">) {
  const byGroup = useMemo(() => Map.groupBy(workers.values(), ({ group }) => group), [workers]);
  const former = [...byGroup.keys()].filter((name) => !groups.some((group) => group.name === name));
  return (
    <>
      {groups.map((group) => (
        <Group key={group.name} name={group.name} summary={group} workers={byGroup.get(group.name) ?? []} />
      ))}
      {former.map((name) => (
        <Group key={name} name={name} summary={undefined} workers={byGroup.get(name) ?? []} />
      ))}
    </>
  );
}

interface GroupProps {
  readonly name: string;
  /** Undefined for a group that the pool no longer has. */
  readonly summary: GroupSummary | undefined;
  readonly workers: readonly WorkerTile[];
}

function Group({ name, summary, workers }: GroupProps) {
  const chunks = useMemo(() => chunksOf(workers, ({ uid }) => uid), [workers]);
  return (
    <div class="map-group">
      <h3>
        {name}{" "}
        <span class="soft small">
          {summary === undefined
            ? "removed from the pool"
            : `${summary.engine}, ${countOf(workers.length)} of ${countOf(summary.desired)} wanted, ${countOf(summary.min)} to ${countOf(summary.max)} allowed`}
          {stateCounts(workers).map(({ state, count }) => ` · ${countOf(count)} ${state}`)}
        </span>
      </h3>
      <div class="tiles">
        {chunks.map((chunk) => (
          <TileChunk key={chunk[0]?.uid} workers={chunk} />
        ))}
      </div>
    </div>
  );
}

function uidOf({ target }: Event): string | undefined {
  return target instanceof HTMLElement ? target.dataset.uid : undefined;
}

function keepOneTabStop(map: HTMLElement | null): void {
  if (map === null || map.querySelector('.tile[tabindex="0"]') !== null) return;
  const first = map.querySelector<HTMLElement>(".tile");
  if (first !== null) first.tabIndex = 0;
}

function moveTabStop(map: HTMLElement | null, target: EventTarget | null): void {
  if (!(target instanceof HTMLElement) || target.dataset.uid === undefined) return;
  for (const tile of map?.querySelectorAll<HTMLElement>('.tile[tabindex="0"]') ?? []) tile.tabIndex = -1;
  target.tabIndex = 0;
}

/** @returns whether the focus moved. */
function move(map: HTMLElement | null, key: Parameters<typeof movedTo>[0]): boolean {
  const tiles = [...(map?.querySelectorAll<HTMLElement>(".tile") ?? [])];
  const { activeElement } = document;
  const from = activeElement instanceof HTMLElement ? tiles.indexOf(activeElement) : -1;
  if (from < 0) return false;
  const to = tiles[movedTo(key, from, tiles.length, (index) => placeOf(tiles[index]))];
  to?.focus();
  return true;
}

function placeOf(tile: HTMLElement | undefined): { readonly left: number; readonly top: number } {
  const { left, top } = tile?.getBoundingClientRect() ?? { left: 0, top: 0 };
  return { left, top };
}
