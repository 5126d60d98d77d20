import "./what-if.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ReplayInputs } from "../../operator/api/console.ts";
import type { PoolTabProps } from "../pool/pool-tab-props.ts";
import { Results } from "../simulation/results.tsx";
import { useSession } from "../state/hooks.ts";
import { Notice } from "../ui/notice.tsx";
import { type LaunchChoice, launchSourceOf, recordedOr } from "./launch-choice.ts";
import { LaunchFields } from "./launch-fields.tsx";
import { PoolField } from "./pool-field.tsx";
import { type SimulationState, useSimulation } from "./use-simulation.ts";

/** Replays launches under an edited pool file, next to the current spec and common autoscalers. */
export function WhatIfPage({ pool }: PoolTabProps) {
  const { inputs, error } = useReplayInputs(pool);
  if (inputs === undefined && error === undefined) return <p class="soft loading">Loading the launches of the last hours…</p>;
  return (
    <>
      {error !== undefined && (
        <Notice tone="warn" title="The launches of the last hours are not available" announce>
          {error}. Generated launches and a CSV file work without them.
        </Notice>
      )}
      <Form key={pool} inputs={inputs} />
    </>
  );
}

function Form({ inputs }: { readonly inputs: ReplayInputs | undefined }) {
  const [pool, setPool] = useState(inputs?.pool ?? "");
  const [choice, setChoice] = useState<LaunchChoice>(recordedOr(inputs));
  const [problem, setProblem] = useState<string>();
  const { state, start, cancel } = useSimulation();
  const results = useRef<HTMLElement>(null);
  const isRunning = state.kind === "running";
  const titleId = useId();

  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const source = await launchSourceOf(choice, inputs);
      setProblem(undefined);
      start({ pool, source, ...(inputs !== undefined && { current: inputs.pool }) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const failedInput = state.kind === "failed" ? state : undefined;
  // A long report is below the form: the focus leads there.
  useEffect(() => {
    if (state.kind === "done") results.current?.focus();
  }, [state.kind]);

  return (
    <>
      <form class="what-if card" onSubmit={submit}>
        <h2>What if the pool were different?</h2>
        <p class="soft">
          Edit the pool and replay launches under it. The simulation runs in this browser and changes nothing in the cluster.
        </p>
        <div class="what-if-columns">
          <PoolField
            value={pool}
            current={inputs?.pool}
            failed={failedInput?.input === "pool" ? failedInput : undefined}
            onChange={setPool}
          />
          <div class="what-if-launches">
            <LaunchFields choice={choice} inputs={inputs} onChange={setChoice} />
            {(problem ?? (failedInput?.input === "launches" ? failedInput.message : undefined)) !== undefined && (
              <Notice tone="bad" title="The launches cannot be replayed" announce>
                {problem ?? failedInput?.message}
              </Notice>
            )}
            <p class="what-if-actions">
              <button class="primary" type="submit" disabled={isRunning || pool.trim() === ""}>
                Simulate
              </button>
              {isRunning && (
                <button type="button" onClick={cancel}>
                  Cancel
                </button>
              )}
            </p>
            <Progress state={state} />
          </div>
        </div>
      </form>
      {state.kind === "done" && (
        <section class="what-if-results card" ref={results} tabIndex={-1} aria-labelledby={titleId}>
          <h2 id={titleId}>{state.report.title}</h2>
          <Results {...state.report} />
        </section>
      )}
    </>
  );
}

function Progress({ state }: { readonly state: SimulationState }) {
  return (
    <div role="status" class="small">
      {state.kind === "running" && (
        <>
          <progress aria-label="Simulated policies" value={state.done} max={state.of} />{" "}
          {state.policy === undefined ? "Reading the pool and the launches…" : `${state.done} of ${state.of}: ${state.policy}`}
        </>
      )}
      {state.kind === "done" && `${state.report.outcomes.length} policies compared.`}
    </div>
  );
}

interface LoadedInputs {
  readonly inputs?: ReplayInputs;
  readonly error?: string;
}

function useReplayInputs(pool: string): LoadedInputs {
  const { api } = useSession();
  const [loaded, setLoaded] = useState<LoadedInputs>({});
  useEffect(() => {
    const abort = new AbortController();
    api.replay(pool, abort.signal).then(
      (inputs) => setLoaded({ inputs }),
      (error: Error) => {
        if (!abort.signal.aborted) setLoaded({ error: error.message });
      },
    );
    return () => abort.abort();
  }, [api, pool]);
  return loaded;
}
