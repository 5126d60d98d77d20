import "./launch.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { TestLaunch, TestLaunchResult } from "../../operator/api/console.ts";
import type { PoolTabProps } from "../pool/pool-tab-props.ts";
import { poolHref } from "../shell/route.ts";
import { useSession } from "../state/hooks.ts";
import { Notice } from "../ui/notice.tsx";
import { StageBar } from "../ui/stage-bar.tsx";

type LaunchState =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly abort: AbortController }
  | { readonly kind: "done"; readonly result: TestLaunchResult }
  | { readonly kind: "failed"; readonly message: string };

/** A real launch of a session, to see that it works, with the time of each stage. */
export function LaunchPage({ pool, state: { summary } }: PoolTabProps) {
  if (!summary.may.launch)
    return (
      <Notice tone="info" title="No permission to launch">
        A test launch needs the permission to create <code>avatarpools/launches</code> in the pool's namespace. The role{" "}
        <code>edit</code> includes it.
      </Notice>
    );
  return <Form pool={pool} presets={summary.presets.map(({ name }) => name)} />;
}

interface FormProps {
  readonly pool: string;
  readonly presets: readonly string[];
}

function Form({ pool, presets }: FormProps) {
  const { api } = useSession();
  const [launch, setLaunch] = useState<LaunchState>({ kind: "idle" });
  const latest = useRef(launch);
  latest.current = launch;
  useEffect(() => () => cancel(latest.current), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const request = requestOf(new FormData(event.currentTarget));
    const abort = new AbortController();
    setLaunch({ kind: "running", abort });
    try {
      const result = await api.launch(pool, request, abort.signal);
      if (!abort.signal.aborted) setLaunch({ kind: "done", result });
    } catch (error) {
      if (!abort.signal.aborted) setLaunch({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  const isRunning = launch.kind === "running";
  return (
    <>
      <form class="launch card" onSubmit={submit} autocomplete="off">
        <h2>Launch a test session</h2>
        <p class="soft">
          This starts a real session: an avatar joins the room and occupies a slot, and the session costs credits until it ends.
          Stop it on the page <a href={poolHref(pool)}>Live</a>.
        </p>
        <Fields presets={presets} />
        <p class="launch-actions">
          <button class="primary" type="submit" disabled={isRunning}>
            Launch
          </button>
          {isRunning && (
            <button
              type="button"
              onClick={() => {
                cancel(launch);
                setLaunch({ kind: "idle" });
              }}
            >
              Cancel
            </button>
          )}
          <span role="status">{isRunning && "Waiting for the first frame…"}</span>
        </p>
      </form>
      {launch.kind === "failed" && (
        <Notice tone="bad" title="The launch was not sent" announce>
          {launch.message}
        </Notice>
      )}
      {launch.kind === "done" && <Result pool={pool} result={launch.result} />}
    </>
  );
}

function Fields({ presets }: { readonly presets: readonly string[] }) {
  const id = useId();
  return (
    <div class="launch-fields">
      <label for={`${id}-url`}>LiveKit URL</label>
      <input
        id={`${id}-url`}
        name="livekitUrl"
        type="url"
        required
        pattern="(wss?|https?)://.+"
        placeholder="wss://example.livekit.cloud"
      />
      <label for={`${id}-token`}>LiveKit token of the agent</label>
      <div>
        <input
          id={`${id}-token`}
          name="livekitToken"
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          aria-describedby={`${id}-about`}
        />
        <p class="soft small" id={`${id}-about`}>
          Sent once with this launch. The console does not store it.
        </p>
      </div>
      <label for={`${id}-room`}>Room</label>
      <input id={`${id}-room`} name="room" required maxLength={256} spellcheck={false} />
      <label for={`${id}-preset`}>Preset</label>
      <select id={`${id}-preset`} name="preset">
        {presets.map((preset) => (
          <option key={preset}>{preset}</option>
        ))}
      </select>
    </div>
  );
}

function Result({ pool, result }: { readonly pool: string; readonly result: TestLaunchResult }) {
  const { status, room, path, stages, message } = result;
  const isServed = status >= 200 && status < 300;
  return (
    <section class="launch-result card" aria-label="Result of the launch">
      <Notice
        tone={isServed ? "info" : "bad"}
        title={isServed ? `Launched in room ${room}` : `The gateway rejected the launch with HTTP status ${status}`}
        announce
      >
        {isServed ? (
          <>
            HTTP status {status}
            {path !== undefined && `, served by the path ${path}`}. <a href={poolHref(pool)}>Show the sessions</a>
          </>
        ) : (
          (message ?? "The gateway gave no reason.")
        )}
      </Notice>
      <StageBar stages={stages} />
    </section>
  );
}

function requestOf(form: FormData): TestLaunch {
  const text = (name: keyof TestLaunch) => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  const preset = text("preset");
  return {
    livekitUrl: text("livekitUrl"),
    livekitToken: text("livekitToken"),
    room: text("room"),
    ...(preset !== "" && { preset }),
  };
}

/** The operator ends a launch whose request is aborted. */
function cancel(launch: LaunchState): void {
  if (launch.kind === "running") launch.abort.abort();
}
