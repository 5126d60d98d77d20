import type { DecisionMark } from "../../operator/api/console.ts";
import { momentText } from "../plot/units.ts";

/** A decision with its sentence and its arithmetic. */
export function DecisionText({ mark }: { readonly mark: DecisionMark }) {
  const { atMs, group, from, to, outcome, reason, arithmetic } = mark;
  return (
    <>
      <time dateTime={new Date(atMs).toISOString()}>{momentText(atMs, Date.now())}</time>{" "}
      <b>
        {group} {outcome === "unchanged" ? `stays at ${to}` : `${from} → ${to}`}
      </b>
      <br />
      {reason}
      {/* The reason begins with the arithmetic, unless another rule took precedence. */}
      {!reason.includes(arithmetic) && (
        <>
          <br />
          <span class="soft">{arithmetic}</span>
        </>
      )}
    </>
  );
}
