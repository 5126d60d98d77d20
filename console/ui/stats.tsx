import "./stats.css";
import type { ComponentChildren } from "preact";
import type { Tone } from "./tones.ts";

/** Figures side by side. */
export function Stats({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <section class="stats" aria-label={label}>
      <dl>{children}</dl>
    </section>
  );
}

interface StatProps {
  readonly title: string;
  readonly value: string;
  readonly note?: string | undefined;
  readonly tone?: Tone;
  readonly children?: ComponentChildren;
}

/** A figure with its title, and below it a note or a bar. */
export function Stat({ title, value, note, tone, children }: StatProps) {
  return (
    <div class={tone === undefined ? "stat" : `stat stat-${tone}`}>
      <dt>{title}</dt>
      <dd>
        <span class="stat-value">{value}</span>
        {note === undefined ? null : <span class="stat-note"> {note}</span>}
        {children}
      </dd>
    </div>
  );
}
