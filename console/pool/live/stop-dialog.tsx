import { useState } from "preact/hooks";
import type { SessionRow } from "../../../operator/api/console.ts";
import { useSession } from "../../state/hooks.ts";
import { Confirm } from "../../ui/confirm.tsx";

interface StopDialogProps {
  readonly pool: string;
  readonly session: SessionRow;
  readonly onClose: (stopped: boolean) => void;
}

/** Asks before it ends the sessions of a room. */
export function StopDialog({ pool, session: { room, worker }, onClose }: StopDialogProps) {
  const { api } = useSession();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const stop = () => {
    setBusy(true);
    api
      .stopSessions(pool, room)
      .then(
        () => onClose(true),
        (error: Error) => setProblem(error.message),
      )
      .finally(() => setBusy(false));
  };
  return (
    <Confirm
      title="Stop the session?"
      action={busy ? "Stopping…" : "Stop the session"}
      busy={busy}
      problem={problem}
      onConfirm={stop}
      onCancel={() => onClose(false)}
    >
      <p>
        The avatar leaves room <b>{room}</b> at once, on worker {worker}. The call itself continues without it. A session cannot be
        resumed.
      </p>
    </Confirm>
  );
}
