import { launchApiOf } from "../../engines/index.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerAccess } from "../../workers/client.ts";
import { claimUnsettled, overflowUnclear } from "../errors.ts";
import { findSession } from "../sessions/find-session.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import type { Worker } from "../workers/worker.ts";
import { type ClaimBook, REMEMBER_MS } from "./claim-book.ts";
import { CLOUD } from "./cloud-claim.ts";
import type { Claim, Held, PeerAnswer, Superseded, Verdict } from "./peer-protocol.ts";

/** Number of gateways that keep a claim. With two, one may fail at any moment. */
const KEEPERS = 2;

/** The other gateways in this gateway's view. */
export interface Peers {
  readonly self: string;
  /** The live gateways without this one. */
  readonly others: readonly string[];
  /** The live gateways that keep the claims of a room's launches. All gateways compute the same order. */
  keepers(room: string, count: number): readonly string[];
  /** @throws if the request to the peer fails. */
  claim(peer: string, claim: Claim): Promise<Verdict>;
  /** Waits for the outcome of the peer's launch. @throws if the request fails, or the signal's reason. */
  answer(peer: string, launch: string, signal: AbortSignal): Promise<PeerAnswer>;
  /** Ends a peer's older sessions of a seat. @returns UIDs of their workers. @throws if the request fails. */
  supersede(peer: string, message: Superseded): Promise<readonly string[]>;
}

/** The requests of other gateways that this gateway serves. */
export interface ClaimSource {
  claim(claim: Claim): Verdict;
  peerAnswer(launch: string): Promise<PeerAnswer>;
  /** A newer session at a peer has the seat. @returns UIDs of the workers whose session was ended. */
  supersede(message: Superseded): Promise<readonly string[]>;
}

export interface ClaimsDeps extends WorkerAccess {
  readonly peers: Peers;
  readonly book: ClaimBook;
  readonly findWorker: (uid: string) => Worker | undefined;
  /** Whether a task is known to belong to another launch. */
  readonly isOther: (worker: Worker, taskId: string, room: string, launch: string) => boolean;
}

/** A session of a launch that another gateway had claimed. */
export interface SettledClaim {
  readonly answer: WorkerAnswer;
  readonly at: SessionLocation;
  /** Set if the other gateway is gone and this one found the session: its worker, and its ticket among those of its room. */
  readonly orphan?: { readonly worker: Worker; readonly ticket: number };
}

/**
 * Ensures that only one gateway sends a launch: a client that has lost its connection may retry at any gateway.
 *
 * Flow: before a gateway sends a launch to a worker, it claims the launch at the two keepers of the launch's room, one after the
 * other. If another gateway holds the launch at a keeper, this one waits for that gateway's outcome and returns it. If the holder
 * is gone, this gateway searches the worker of the holder's claim for the session.
 *
 * Guarantees: with the same view of the live gateways, a launch begins one session, even if one gateway dies at any moment. A
 * gateway that reaches no keeper continues alone: a double launch is better than a lost one.
 */
export class Claims {
  readonly #deps: ClaimsDeps;

  constructor(deps: ClaimsDeps) {
    this.#deps = deps;
  }

  /** @returns undefined if no gateway answered. */
  async claim(wanted: Omit<Claim, "gateway">): Promise<Verdict | undefined> {
    const { peers } = this.#deps;
    const claim: Claim = { ...wanted, gateway: peers.self };
    let first: Verdict | undefined;
    // In order: a gateway that holds a launch at the second keeper has passed the first, or found it dead.
    for (const keeper of peers.keepers(claim.room, KEEPERS)) {
      const verdict = await this.#claimAt(keeper, claim);
      if (verdict?.kind === "held") return verdict;
      // The order of a room's launches is that at the first keeper: two orders could contradict each other.
      first ??= verdict;
    }
    return first;
  }

  async #claimAt(keeper: string, claim: Claim): Promise<Verdict | undefined> {
    const { peers, book } = this.#deps;
    try {
      return keeper === peers.self ? book.claim(claim) : await peers.claim(keeper, claim);
    } catch {
      return undefined;
    }
  }

  /**
   * Waits for the outcome of a launch at its holder.
   * @param room name of its room.
   * @param abandoned aborts when the launch no longer needs the answer.
   * @returns its session; undefined when none began, and the launch may be claimed instead of it.
   * @throws LaunchError if the outcome of the other gateway's launch is unknown.
   */
  async settle(
    wanted: Omit<Claim, "gateway">,
    room: string,
    { gateway }: Held,
    abandoned: AbortSignal,
  ): Promise<SettledClaim | undefined> {
    const { launch } = wanted;
    const said = await this.#requestAnswer(gateway, launch, abandoned);
    if (said.kind === "served") return { answer: said.answer, at: said.at };
    if (said.kind === "none" || abandoned.aborted) return undefined;
    // Meanwhile, the holder may have moved to another worker.
    const now = await this.claim({ ...wanted, instead: undefined });
    if (now?.kind !== "held" || now.gateway !== gateway) return undefined;
    // The cloud has no such request.
    if (now.worker === CLOUD.uid) throw overflowUnclear(REMEMBER_MS / 1_000);
    const worker = this.#deps.findWorker(now.worker);
    // If the pod is gone, so are its sessions.
    if (worker?.origin === undefined) return undefined;
    const before = new Set(now.before);
    const isOther = (taskId: string) => before.has(taskId) || this.#deps.isOther(worker, taskId, room, launch);
    const { tasks: tasksPath } = launchApiOf(worker.record.engine);
    const search = await findSession(this.#deps, { origin: worker.origin, tasksPath, room, isOther, gone: worker.gone });
    if (search.kind === "unknown") throw claimUnsettled(worker.name);
    if (search.kind !== "found") return undefined;
    return { answer: search.answer, at: { worker: worker.uid, task: search.taskId, room }, orphan: { worker, ticket: now.ticket } };
  }

  async #requestAnswer(gateway: string, launch: string, abandoned: AbortSignal): Promise<PeerAnswer> {
    try {
      return await this.#deps.peers.answer(gateway, launch, abandoned);
    } catch {
      // It is dead or unreachable: only the worker's task list shows the outcome.
      return { kind: "unknown" };
    }
  }
}
