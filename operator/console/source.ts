import type {
  DecisionDetail,
  DecisionMark,
  FleetRow,
  History,
  HistorySample,
  PoolSummary,
  ReplayInputs,
  SessionsPage,
  TestLaunch,
  TestLaunchResult,
  WorkerTile,
} from "../api/console.ts";

/** A pool as the console shows it, without what depends on the viewer. */
export interface PoolPicture {
  readonly summary: Omit<PoolSummary, "may">;
  /** By UID of the pod. */
  readonly workers: ReadonlyMap<string, WorkerTile>;
}

/** What the leading operator shows in its console. Keys of pools are `NAMESPACE/NAME`. */
export interface ConsoleSource {
  /** Unix time in ms at which this operator became the leader. */
  readonly sinceMs: number;
  readonly history: "memory" | "prometheus";
  /** By key. Rows that did not change are the same objects as before. */
  fleet(): ReadonlyMap<string, FleetRow>;
  /** Undefined if there is no such pool. Tiles that did not change are the same objects as before. */
  pool(key: string): PoolPicture | undefined;
  /** Calls back after a change of a pool, possibly often: the caller limits its own rate. @returns a function that ends it. */
  onChange(changed: (key: string) => void): () => void;
  /** Calls back with new decisions and samples of a pool. @returns a function that ends it. */
  onHistory(
    added: (key: string, added: { readonly decisions: readonly DecisionMark[]; readonly sample?: HistorySample }) => void,
  ): () => void;
  historyOf(key: string, fromMs: number, toMs: number): Promise<History | undefined>;
  decision(key: string, id: string): DecisionDetail | undefined;
  replay(key: string): ReplayInputs | undefined;
  /** @throws Error with a remedy if no gateway responds. */
  sessions(key: string): Promise<SessionsPage>;
  /** Ends the sessions of a room. @returns how many. @throws Error with a remedy if no gateway responds. */
  stopSessions(key: string, room: string): Promise<number>;
  /** @throws Error with a remedy if no gateway responds. */
  launch(key: string, launch: TestLaunch, signal: AbortSignal): Promise<TestLaunchResult>;
}
