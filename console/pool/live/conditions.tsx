import type { PoolSummary } from "../../../operator/api/console.ts";

/** The conditions of the pool's status, as `kubectl describe` shows them. */
export function Conditions({ conditions }: Pick<PoolSummary, "conditions">) {
  return (
    <section class="card" aria-labelledby="conditions-title">
      <h2 id="conditions-title">Conditions</h2>
      <dl class="conditions">
        {conditions.map(({ type, status, reason, message }) => (
          <div key={type}>
            <dt>
              {type} <span class="condition-status">{status}</span> <span class="soft small">{reason}</span>
            </dt>
            <dd class="small">{message}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
