import type { WorkerTile } from "../../../operator/api/console.ts";
import { Ago } from "../../ui/ago.tsx";
import { marksOf, slotsText } from "./worker-words.ts";

interface InspectorProps {
  readonly worker: WorkerTile | undefined;
  readonly pinned: boolean;
  readonly onSessions: (pod: string) => void;
  readonly onClose: () => void;
}

/** The worker under the pointer or the focus: why it is as it is. Screen readers have the same in the tile's name. */
export function Inspector({ worker, pinned, onSessions, onClose }: InspectorProps) {
  if (worker === undefined)
    return <p class="inspector soft small">Point at a worker, focus it or tap it to see why it is as it is.</p>;
  const { pod, group, state, createdAtMs, why, sessions } = worker;
  return (
    <div class={pinned ? "inspector inspector-pinned" : "inspector"}>
      <p>
        <b>{pod}</b> <span class={`state state-${state}`}>{state}</span> <span class="soft">in {group},</span> {slotsText(worker)}{" "}
        <span class="soft">
          · created <Ago sinceMs={createdAtMs} />
          {marksOf(worker).map((mark) => ` · ${mark}`)}
        </span>
      </p>
      <p>{why}</p>
      {pinned ? (
        <p class="inspector-buttons">
          {sessions > 0 ? (
            <button type="button" onClick={() => onSessions(pod)}>
              Show its sessions
            </button>
          ) : null}
          <button type="button" onClick={onClose}>
            Close
          </button>
        </p>
      ) : null}
    </div>
  );
}
