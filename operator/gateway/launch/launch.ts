import { taskId, type WorkerAnswer } from "../../workers/answers.ts";
import type { SettledClaim } from "../claims/claims.ts";
import { CLOUD } from "../claims/cloud-claim.ts";
import type { Granted } from "../claims/launch-claims.ts";
import { clientGone, type LaunchError } from "../errors.ts";
import type { CloudReservation } from "../overflow/cloud-launcher.ts";
import type { Overflow } from "../overflow/overflow.ts";
import { overflowErrorSentences, overflowFailed } from "../overflow/sentences.ts";
import type { Slot } from "../queue/slots.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { AcceptedLaunches } from "./accepted.ts";
import { type ClaimedFor, claimFor } from "./claim-launch.ts";
import type { Doubts } from "./doubts.ts";
import { type FindSlotDeps, findSlot } from "./find-slot.ts";
import type { LaunchContext } from "./launch-context.ts";
import { noteStep } from "./launch-trace.ts";
import type { LaunchTries, PendingReason } from "./launch-tries.ts";
import { afterCloud, afterQueue, afterWorker, hadSlot, noTries, pathOnSend } from "./launch-tries.ts";
import { workersBroke } from "./refusals.ts";
import type { SentLaunch } from "./replacements.ts";
import { type LostAnswer, type NotBegun, notBegun, type SendDeps, sendLaunch } from "./send-launch.ts";
import { sendToCloud } from "./send-to-cloud.ts";
import type { Served } from "./served.ts";
import { type WaitDeps, waitForSlot } from "./wait-for-slot.ts";

/** Number of workers that may fail under one launch: the launch may be the cause. */
const MAX_LOST = 2;

/**
 * The states of a launch.
 * - `admitted`: the only launch of its key. An earlier attempt may have begun a session: search for it.
 * - `pending`: needs a slot: a free one, or that of the session that the launch replaces.
 * - `queued`: waits for a slot until its deadline, or until it leaves for the maker's cloud.
 * - `reserved`: holds a slot: claim the launch, so that no other gateway sends it.
 * - `claimed`: no other gateway sends it: register it among the launches of its room.
 * - `sent`: the worker receives the launch, and answers.
 * - `doubtful`: the answer was lost: search the worker for the session.
 * - `overflowed`: has a reservation in the maker's cloud: claim the launch, and send it there.
 * - `served`, `refused`: the end.
 */
export type LaunchState =
  | { readonly name: "admitted" }
  | { readonly name: "pending"; readonly why: PendingReason; readonly tries: LaunchTries }
  | { readonly name: "queued"; readonly why: PendingReason; readonly tries: LaunchTries }
  | (OnSlot & { readonly name: "reserved" })
  | (OnSlot & Pick<ClaimedFor, "isOther"> & { readonly name: "claimed"; readonly grant: Granted })
  | (OnSlot & Pick<ClaimedFor, "isOther"> & { readonly name: "sent"; readonly sent: SentLaunch })
  | (OnSlot & LostAnswer & { readonly name: "doubtful"; readonly sent: SentLaunch })
  | (OnReservation & { readonly name: "overflowed"; readonly tries: LaunchTries })
  | { readonly name: "served"; readonly served: Served }
  | { readonly name: "refused"; readonly error: unknown };

interface OnReservation {
  readonly reservation: CloudReservation;
  /** The queue has refused the launch; undefined if the launch left the queue in time. */
  readonly refusal: LaunchError | undefined;
}

interface OnSlot {
  readonly slot: Slot;
  readonly tries: LaunchTries;
}

type State<Name extends LaunchState["name"]> = Extract<LaunchState, { readonly name: Name }>;
type OpenState = Exclude<LaunchState, { readonly name: "served" | "refused" }>;

export interface LaunchDeps extends FindSlotDeps, SendDeps, Pick<WaitDeps, "onAwaited"> {
  readonly accepted: AcceptedLaunches;
  readonly doubts: Doubts;
  readonly overflow: Pick<Overflow, "exit" | "lastChance" | "launcher">;
  readonly sessions: Pick<Sessions, "liveIn" | "isOther" | "poll">;
}

/**
 * Serves one launch.
 *
 * Expected flow: `admitted` -> `pending` -> (`queued`) -> `reserved` -> `claimed` -> `sent` -> `served`.
 * If no session began at a worker, the launch is `pending` again. After `launch.attempts` workers in a row it is `queued` at its
 * old position: a client that is refused gives up after 4 s, one that waits does not.
 *
 * Guarantees
 * - At most one worker or the maker's cloud has begun a session.
 * - Every slot and reservation is released or confirmed. A launch is in the queue or at the cloud, never both.
 * - It ends: each round tries at most `launch.attempts` workers, no round begins after the deadline, and the numbers of lost
 *   workers, void claims and cloud tries are limited.
 *
 * @throws LaunchError if there is no session, or if its outcome is unknown.
 */
export async function runLaunch(deps: LaunchDeps, launch: LaunchContext): Promise<Served> {
  const steps = new LaunchSteps(deps, launch);
  let state: LaunchState = { name: "admitted" };
  for (;;) {
    if (state.name === "served") return state.served;
    if (state.name === "refused") throw state.error;
    const { name } = state;
    const startMs = deps.clock.now();
    state = await steps.next(state);
    noteStep(launch.trace, name, startMs, deps.clock.now());
  }
}

class LaunchSteps {
  readonly #deps: LaunchDeps;
  readonly #launch: LaunchContext;

  constructor(deps: LaunchDeps, launch: LaunchContext) {
    this.#deps = deps;
    this.#launch = launch;
  }

  /** Does the work of a state, and returns the next state. */
  async next(state: OpenState): Promise<LaunchState> {
    try {
      return await this.#step(state);
    } catch (error) {
      if ("slot" in state) this.#giveBack(state.slot);
      if ("sent" in state) this.#deps.replacements.failed(state.sent);
      return { name: "refused", error };
    }
  }

  #step(state: OpenState): LaunchState | Promise<LaunchState> {
    switch (state.name) {
      case "admitted":
        return this.#resolve();
      case "pending":
        return this.#pick(state);
      case "queued":
        return this.#wait(state);
      case "reserved":
        return this.#claim(state);
      case "claimed":
        return this.#register(state);
      case "sent":
        return this.#send(state);
      case "doubtful":
        return this.#search(state);
      case "overflowed":
        return this.#overflow(state);
    }
  }

  async #resolve(): Promise<LaunchState> {
    const { accepted, doubts, overflow } = this.#deps;
    const inCloud = await overflow.launcher.resolve(this.#launch);
    if (inCloud !== undefined) return this.#served(inCloud, CLOUD.uid, undefined, false);
    const found = await doubts.resolve(this.#launch.keys.launch);
    if (found === undefined) return { name: "pending", why: "arrived", tries: noTries };
    const { worker, search, ticket } = found;
    accepted.found(this.#launch, { worker, task: search.taskId, path: "cold", ticket });
    return this.#served(search.answer, worker.uid, search.taskId, false);
  }

  async #pick({ why, tries }: State<"pending">): Promise<LaunchState> {
    const { pool, abandoned } = this.#launch;
    if (abandoned.aborted) throw clientGone();
    const mayTry = tries.tried.size < pool.launch.attempts;
    const slot = mayTry ? await findSlot(this.#deps, this.#launch, tries.tried) : undefined;
    return slot === undefined ? { name: "queued", why, tries } : { name: "reserved", slot, tries };
  }

  async #wait({ why, tries }: State<"queued">): Promise<LaunchState> {
    const { overflow } = this.#deps;
    const { cloudErrors } = tries;
    const exit = overflow.exit(this.#launch, cloudErrors);
    const wait = await waitForSlot(this.#deps, this.#launch, { again: hadSlot(why), exit });
    switch (wait.kind) {
      case "granted":
        return { name: "reserved", slot: wait.slot, tries: afterQueue(tries) };
      case "left":
        return { name: "overflowed", reservation: wait.exit, refusal: undefined, tries: afterQueue(tries) };
      case "short": {
        const last = overflow.lastChance(this.#launch, wait.refusal, cloudErrors);
        if (last instanceof Error) return { name: "refused", error: last };
        return { name: "overflowed", reservation: last, refusal: wait.refusal, tries };
      }
      case "cancelled":
        return { name: "refused", error: clientGone() };
      case "closed":
        return { name: "refused", error: wait.error };
    }
  }

  async #claim({ slot, tries }: State<"reserved">): Promise<LaunchState> {
    const { worker } = slot;
    this.#requireClient();
    const { claimed, isOther } = await claimFor(this.#deps, worker, this.#launch, () => this.#giveBack(slot));
    switch (claimed.kind) {
      case "granted":
        return { name: "claimed", slot, grant: claimed, isOther, tries };
      case "void":
        return { name: "pending", why: "claim-void", tries };
      case "served":
        return this.#servedByPeer(claimed, tries);
    }
  }

  #register({ slot, grant, isOther, tries }: State<"claimed">): LaunchState {
    this.#requireClient();
    const { key, keys, request, trace } = this.#launch;
    const { ticket, others } = grant;
    const sent = this.#deps.replacements.register({ pool: key, room: request.roomName, seat: keys.seat, ticket, others });
    const path = pathOnSend(tries, slot.warm);
    trace.path = path;
    return { name: "sent", slot, sent, isOther, tries: { ...tries, path } };
  }

  async #send(state: State<"sent">): Promise<LaunchState> {
    const { slot, sent, isOther, tries } = state;
    const outcome = await sendLaunch(this.#deps, slot, this.#launch, { isOther, ticket: sent.ticket });
    switch (outcome.kind) {
      case "accepted":
        return this.#accepted(state, outcome.answer);
      case "not-begun":
        return this.#tryNext(state, outcome.why);
      case "rejected":
        throw outcome.error;
      case "lost":
        return { name: "doubtful", slot, sent, doubt: outcome.doubt, mayStillBegin: outcome.mayStillBegin, tries };
    }
  }

  async #search(state: State<"doubtful">): Promise<LaunchState> {
    const { slot, doubt, mayStillBegin } = state;
    const { doubts } = this.#deps;
    const search = await doubts.search(doubt);
    if (search.kind === "gone" || (search.kind === "absent" && !mayStillBegin)) {
      return this.#tryNext(state, notBegun(this.#deps, slot, "lost").why);
    }
    slot.confirm();
    if (search.kind === "found") return this.#accepted(state, search.answer);
    doubts.note(this.#launch.keys.launch, doubt);
    throw doubt.error;
  }

  async #overflow({ reservation, refusal, tries }: State<"overflowed">): Promise<LaunchState> {
    const { met, trace } = this.#launch;
    const outcome = await sendToCloud(this.#deps, this.#launch, reservation);
    switch (outcome.kind) {
      case "accepted":
        // The pool had no slot for this launch: for its sizing the launch counts as refused.
        met("refused");
        Object.assign(trace, { path: "overflow", worker: "" });
        return this.#served(outcome.answer, CLOUD.uid, undefined, true);
      case "served":
        return this.#servedByPeer(outcome, tries);
      case "unclear":
        trace.path = "overflow";
        return { name: "refused", error: outcome.error };
      case "refused": {
        if (refusal !== undefined) throw overflowFailed(refusal, overflowErrorSentences[outcome.error]);
        return { name: "pending", why: "cloud-refused", tries: afterCloud(tries, outcome.error) };
      }
    }
  }

  #accepted({ slot, sent, tries }: State<"sent" | "doubtful">, answer: WorkerAnswer): LaunchState {
    this.#deps.accepted.began(this.#launch, { worker: slot.worker, path: tries.path ?? "cold", answer, sent });
    return this.#served(answer, slot.worker.uid, taskId(answer), true);
  }

  #tryNext({ slot, sent, ...state }: State<"sent" | "doubtful">, why: NotBegun): LaunchState {
    this.#deps.load.changed(this.#launch.key);
    this.#deps.replacements.failed(sent);
    const tries = afterWorker(state.tries, slot.worker.uid, why);
    if (tries.lost >= MAX_LOST) return { name: "refused", error: workersBroke(MAX_LOST) };
    return { name: "pending", why, tries };
  }

  /** Another gateway had claimed the launch. If that gateway is gone, this one has found the session and owns it now. */
  #servedByPeer({ answer, at, orphan }: SettledClaim, { path = "cold" }: LaunchTries): LaunchState {
    if (orphan !== undefined && at.task !== undefined) this.#deps.accepted.found(this.#launch, { ...orphan, task: at.task, path });
    return { name: "served", served: { answer, at, earned: false } };
  }

  #served(answer: WorkerAnswer, worker: string, task: string | undefined, earned: boolean): LaunchState {
    const at = { worker, task, room: this.#launch.request.roomName };
    return { name: "served", served: { answer, at, earned } };
  }

  /** @throws LaunchError `client_gone` */
  #requireClient(): void {
    if (this.#launch.abandoned.aborted) throw clientGone();
  }

  #giveBack(slot: Slot): void {
    slot.release();
    this.#deps.slots.wake(this.#launch.key);
  }
}
