import type { ComponentChildren } from "preact";
import { moved, type Range, rangeOfKey, zoomed } from "./range.ts";

interface ZoomProps {
  readonly range: Range;
  readonly bounds: Range;
  /** Smallest visible width. */
  readonly least: number;
  readonly label: string;
  readonly onZoom: (range: Range | "all") => void;
  readonly children: ComponentChildren;
}

/** Plots with one x axis: buttons and keys change the visible range. */
export function Zoom({ range, bounds, least, label, onZoom, children }: ZoomProps) {
  const isAll = range.min <= bounds.min && range.max >= bounds.max;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const next = rangeOfKey(event.key, range, bounds, least);
    if (next === undefined || (next === "all" && isAll)) return;
    event.preventDefault();
    onZoom(next);
  };
  return (
    <div class="zoom">
      <div class="zoom-buttons" role="toolbar" aria-label={label}>
        <button type="button" onClick={() => onZoom(zoomed(range, 2, bounds, least))}>
          Zoom in
        </button>
        <button type="button" disabled={isAll} onClick={() => onZoom(zoomed(range, 0.5, bounds, least))}>
          Zoom out
        </button>
        <button type="button" disabled={range.min <= bounds.min} onClick={() => onZoom(moved(range, -0.5, bounds))}>
          Earlier
        </button>
        <button type="button" disabled={range.max >= bounds.max} onClick={() => onZoom(moved(range, 0.5, bounds))}>
          Later
        </button>
        <button type="button" disabled={isAll} onClick={() => onZoom("all")}>
          Reset
        </button>
        <span class="soft small">Drag in a plot to zoom, or focus the plots and press + − ← → 0.</span>
      </div>
      <section
        class="zoom-plots"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys work here; the buttons do the same
        tabIndex={0}
        aria-label={`${label}: + and - zoom, arrows move, 0 shows everything`}
        onKeyDown={onKeyDown}
      >
        {children}
      </section>
    </div>
  );
}
