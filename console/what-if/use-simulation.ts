import { useEffect, useRef, useState } from "preact/hooks";
import type { SimulationReport } from "../../operator/simulate/report.ts";
import type { SimulationMessage, SimulationRequest } from "./protocol.ts";

export type SimulationState =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly done: number; readonly of: number; readonly policy: string | undefined }
  | { readonly kind: "done"; readonly report: SimulationReport }
  | Extract<SimulationMessage, { readonly kind: "failed" }>;

export interface SimulationRun {
  readonly state: SimulationState;
  readonly start: (request: SimulationRequest) => void;
  readonly cancel: () => void;
}

/** Runs simulations in a worker, one at a time. A new one, `cancel` and leaving the page end the worker. */
export function useSimulation(): SimulationRun {
  const worker = useRef<Worker | undefined>(undefined);
  const [state, setState] = useState<SimulationState>({ kind: "idle" });
  const end = () => {
    worker.current?.terminate();
    worker.current = undefined;
  };
  useEffect(() => end, []);
  return {
    state,
    start: (request) => {
      end();
      setState({ kind: "running", done: 0, of: 1, policy: undefined });
      const started = new Worker(SIMULATOR_URL);
      worker.current = started;
      started.onmessage = ({ data }: MessageEvent<SimulationMessage>) => {
        setState(stateOf(data));
        if (data.kind !== "progress") end();
      };
      started.onerror = ({ message }) => {
        end();
        setState({
          kind: "failed",
          input: "launches",
          message: message || "the simulator did not load: reload the page",
          problems: [],
        });
      };
      started.postMessage(request);
    },
    cancel: () => {
      end();
      setState({ kind: "idle" });
    },
  };
}

function stateOf(message: SimulationMessage): SimulationState {
  return message.kind === "progress" ? { ...message, kind: "running" } : message;
}
