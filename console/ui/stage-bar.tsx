import "./stage-bar.css";
import { durationOf } from "./figures.ts";

interface StageBarProps {
  /** In order, each with its own duration. */
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
}

/** The stages of a start-up as one bar, and the same as a list. */
export function StageBar({ stages }: StageBarProps) {
  const totalMs = stages.reduce((sum, { ms }) => sum + ms, 0);
  if (stages.length === 0) return <p class="soft small">No stage was measured.</p>;
  return (
    <div class="stages">
      <div class="stages-bar" aria-hidden="true">
        {stages.map(({ name, ms }) => (
          <span key={name} style={{ flexGrow: ms }} />
        ))}
      </div>
      <ol>
        {stages.map(({ name, ms }) => (
          <li key={name}>
            {name} <b>{durationOf(ms)}</b>
          </li>
        ))}
        <li class="stages-total">
          total <b>{durationOf(totalMs)}</b>
        </li>
      </ol>
    </div>
  );
}
