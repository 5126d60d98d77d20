import { useId } from "preact/hooks";
import type { SimulationMessage } from "./protocol.ts";
import { MOST_POOL_CHARS } from "./protocol.ts";

interface PoolFieldProps {
  readonly value: string;
  /** The pool in the cluster; undefined if it is not known. */
  readonly current: string | undefined;
  readonly failed: Extract<SimulationMessage, { readonly kind: "failed" }> | undefined;
  readonly onChange: (pool: string) => void;
}

/** The pool file to edit, with what is wrong in it. */
export function PoolField({ value, current, failed, onChange }: PoolFieldProps) {
  const id = useId();
  return (
    <div class="what-if-pool">
      <label for={id}>Pool file (YAML)</label>
      <textarea
        id={id}
        rows={22}
        spellcheck={false}
        autocomplete="off"
        maxLength={MOST_POOL_CHARS}
        value={value}
        aria-invalid={failed !== undefined}
        aria-describedby={`${id}-problems`}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <div id={`${id}-problems`} role="alert">
        {failed !== undefined && failed.problems.length === 0 && <p class="problem">{failed.message}</p>}
        {failed !== undefined && failed.problems.length > 0 && (
          <ul class="problems">
            {failed.problems.map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                <code>{path}</code>: {message}
              </li>
            ))}
          </ul>
        )}
      </div>
      {current !== undefined && (
        <button type="button" disabled={value === current} onClick={() => onChange(current)}>
          Back to the current spec
        </button>
      )}
    </div>
  );
}
