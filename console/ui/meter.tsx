import "./meter.css";

interface MeterProps {
  /** 0 to 1, of the width. */
  readonly share: number;
  /** 0 to 1: a mark, such as what is wanted. */
  readonly mark?: number | undefined;
  readonly tone?: "accent" | "ok" | "warn" | "bad" | "quiet";
}

/** A thin bar next to a figure. The figure is in the text, so screen readers skip the bar. */
export function Meter({ share, mark, tone = "accent" }: MeterProps) {
  return (
    <span class={`meter meter-${tone}`} aria-hidden="true" style={{ "--share": clamped(share), "--mark": clamped(mark ?? 0) }}>
      {mark === undefined ? null : <span class="meter-mark" />}
    </span>
  );
}

function clamped(share: number): number {
  return Number.isFinite(share) ? Math.round(1_000 * Math.min(1, Math.max(0, share))) / 1_000 : 0;
}
