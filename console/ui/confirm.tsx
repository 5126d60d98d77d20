import "./confirm.css";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Notice } from "./notice.tsx";

interface ConfirmProps {
  readonly title: string;
  /** Text of the button that confirms. */
  readonly action: string;
  readonly busy: boolean;
  readonly problem: string | undefined;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

/** A modal question before an action that cannot be undone. The browser moves the focus into it and back. */
export function Confirm({ title, action, busy, problem, onConfirm, onCancel, children }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="confirm" aria-labelledby={id} onClose={onCancel}>
      <h2 id={id}>{title}</h2>
      {children}
      {problem === undefined ? null : (
        <Notice tone="bad" title="It failed" announce>
          {problem}
        </Notice>
      )}
      <div class="confirm-buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={busy} onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
