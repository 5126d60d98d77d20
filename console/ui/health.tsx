import "./health.css";
import type { FleetRow } from "../../operator/api/console.ts";

type Kind = FleetRow["health"];

export const healthWords = {
  ok: "Healthy",
  starting: "Starting",
  degraded: "Degraded",
  failed: "Failed",
  paused: "Paused",
} as const satisfies Record<Kind, string>;

/** The health of a pool as a shape and a word. */
export function Health({ health, wordless = false }: { readonly health: Kind; readonly wordless?: boolean }) {
  return (
    <span class={`health health-${health}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {shapes[health]}
      </svg>
      <span class={wordless ? "hidden-text" : undefined}>{healthWords[health]}</span>
    </span>
  );
}

const line = {
  fill: "none",
  stroke: "var(--surface)",
  "stroke-width": 2,
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
} as const;

/** Shapes differ, so that they can be recognised without their colours. */
const shapes = {
  ok: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M4.8 8.3 7 10.5l4.2-4.8" {...line} />
    </>
  ),
  starting: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3 2.2" />
      <circle cx="8" cy="8" r="2" fill="currentColor" />
    </>
  ),
  degraded: (
    <>
      <path d="M8 1.2 15.3 14.500H.700z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" />
      <path d="M8 6.200v3.600M8 12.200v.1" {...line} />
    </>
  ),
  failed: (
    <>
      <rect x="1.5" y="1.5" width="13" height="13" rx="3" fill="currentColor" />
      <path d="m5.4 5.4 5.2 5.200m0-5.2-5.2 5.2" {...line} />
    </>
  ),
  paused: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M6.2 5.500v5M9.8 5.500v5" {...line} />
    </>
  ),
} as const;
