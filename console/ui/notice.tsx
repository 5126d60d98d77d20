import "./notice.css";
import type { ComponentChildren } from "preact";

interface NoticeProps {
  readonly tone: "info" | "warn" | "bad";
  readonly title: string;
  /** Screen readers read it when it appears. */
  readonly announce?: boolean;
  readonly children?: ComponentChildren;
}

const signs = { info: "i", warn: "!", bad: "×" } as const;

/** A message about a whole page or part of it. */
export function Notice({ tone, title, announce = false, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={announce ? "status" : undefined}>
      <span class="notice-sign" aria-hidden="true">
        {signs[tone]}
      </span>
      <div>
        <strong>{title}</strong>
        <div>{children}</div>
      </div>
    </div>
  );
}
