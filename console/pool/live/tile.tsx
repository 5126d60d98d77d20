import { memo } from "preact/compat";
import type { WorkerTile } from "../../../operator/api/console.ts";
import { sameItems } from "./chunks.ts";
import { cellsOf, workerLabel } from "./worker-words.ts";

/**
 * A worker as one element, which backgrounds divide into slots: a fleet may have thousands. The map moves the one tab stop between
 * the tiles.
 */
export const Tile = memo(function Tile({ worker }: { readonly worker: WorkerTile }) {
  const { busy, reserved, blocked, free } = cellsOf(worker);
  const { uid, state, slots } = worker;
  return (
    <button
      type="button"
      class={`tile tile-${state}${worker.outdated ? " tile-outdated" : ""}${worker.protected ? " tile-protected" : ""}`}
      data-uid={uid}
      tabIndex={-1}
      aria-label={workerLabel(worker)}
      style={{ "--slots": Math.max(1, slots), "--busy": busy, "--reserved": reserved, "--blocked": blocked, "--free": free }}
    />
  );
});

/** Draws again only if one of its workers is another object. */
export const TileChunk = memo(
  function TileChunk({ workers }: { readonly workers: readonly WorkerTile[] }) {
    return (
      <>
        {workers.map((worker) => (
          <Tile key={worker.uid} worker={worker} />
        ))}
      </>
    );
  },
  (before, after) => sameItems(before.workers, after.workers),
);
