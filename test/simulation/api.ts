import type { ApplyOptions } from "../../operator/kube/client.ts";
import { KubeError } from "../../operator/kube/errors.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import { differ, mergedStatus, namesIn, refuseOther, replaced, withForeign } from "./api-merge.ts";
import { type ApiObject, timeText } from "./api-objects.ts";
import type { SimProcess } from "./process.ts";
import type { LaggingView } from "./watched.ts";

/** The current faults of the API server. */
export type ApiTrouble =
  /** It rejects every request. */
  | "fails"
  /** Requests have no effect and get no response. */
  | "hangs"
  /** Every request takes seconds. */
  | "slow"
  /** Writes take effect, and their responses are lost. */
  | "loses-answers";

/** Writes that the API server currently rejects. */
export interface ApiRefusal {
  readonly plural: string;
  readonly subresource: string | undefined;
  /** Name of the object; undefined for every object of the kind. */
  readonly key: string | undefined;
  readonly error: KubeError;
}

export interface Write {
  readonly verb: "create" | "apply" | "patch" | "delete";
  readonly plural: string;
  readonly before: ApiObject | undefined;
  readonly wanted: object;
  readonly subresource: string | undefined;
  readonly sender: Sender;
}

/** The process that sent a request, and the time of the request. */
export interface Sender {
  readonly name: string;
  readonly sentMs: number;
}

export interface SimApiOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The contents of the Secrets, by name. A missing entry is a missing Secret. */
  readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Every write of the operator, before it takes effect. */
  readonly onWrite: (write: Write) => void;
  /** A rejected write. */
  readonly onRefused: (sender: Sender) => void;
  /** Every change of an object, from any process. */
  readonly onChange: (plural: string, key: string, after: ApiObject | undefined, before: ApiObject | undefined) => void;
  /** Deletes a pod gracefully. */
  readonly deletePod: (pod: ApiObject, graceMs: number) => void;
}

interface Patch {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: object;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** An API server: objects, watches, and the verbs that the operator uses. */
export class SimApi {
  trouble: ApiTrouble | undefined;
  refusal: ApiRefusal | undefined;
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  readonly #views = new Map<string, Set<LaggingView<unknown>>>();
  /** Metadata fields that server-side apply has set, by UID. An apply without them removes them. */
  readonly #applied = new Map<string, { readonly labels: readonly string[]; readonly annotations: readonly string[] }>();
  readonly #options: SimApiOptions;
  #serial = 0;

  constructor(options: SimApiOptions) {
    this.#options = options;
  }

  watch<T>(plural: string, view: LaggingView<T>): LaggingView<T> {
    const views = this.#views.get(plural) ?? new Set();
    this.#views.set(plural, views.add(view as unknown as LaggingView<unknown>));
    view.follow(() => this.of(plural).values());
    return view;
  }

  unwatch<T>(view: LaggingView<T>): void {
    view.close();
    for (const views of this.#views.values()) views.delete(view as unknown as LaggingView<unknown>);
  }

  of(plural: string): ReadonlyMap<string, ApiObject> {
    return this.#of(plural);
  }

  get(plural: string, key: string): ApiObject | undefined {
    return this.#of(plural).get(key);
  }

  create(plural: string, object: Omit<ApiObject, "metadata"> & { readonly metadata: object }): ApiObject {
    const creationTimestamp = timeText(this.#options.clock.now());
    const metadata = { uid: `${plural}-${++this.#serial}`, generation: 1, resourceVersion: "1", creationTimestamp };
    const created = { ...object, metadata: { ...metadata, ...object.metadata } } as unknown as ApiObject;
    this.#set(plural, created);
    return created;
  }

  /** Changes an object if it still exists. A change of the spec is a new generation. */
  update(plural: string, key: string, change: (object: ApiObject) => ApiObject): ApiObject | undefined {
    const before = this.#of(plural).get(key);
    if (before === undefined) return undefined;
    const after = change(before);
    if (after === before) return before;
    const generation = (before.metadata.generation ?? 1) + (plural !== "pods" && differ(before.spec, after.spec) ? 1 : 0);
    const updated = { ...after, metadata: { ...after.metadata, generation, resourceVersion: String(++this.#serial) } };
    this.#set(plural, updated);
    return updated;
  }

  remove(plural: string, key: string): void {
    const before = this.#of(plural).get(key);
    if (before === undefined) return;
    this.#of(plural).delete(key);
    this.#applied.delete(before.metadata.uid);
    this.#tell(plural, key, undefined, before);
  }

  /** The API server as one process reaches it. A request of a dead process still takes effect, but the process gets no response. */
  client(process: SimProcess) {
    const send = async <T>(act: (from: Sender) => T, writes: boolean): Promise<T> => {
      if (!process.alive) await forever();
      const sender = { name: process.name, sentMs: this.#options.clock.now() };
      await this.#sent();
      const result = act(sender);
      const lost = writes && this.trouble === "loses-answers";
      await this.#wait(1, this.trouble === "slow" ? 3_000 : 20);
      await process.asleep;
      if (!process.alive) await forever();
      if (lost) throw new KubeError("no response", { status: 0, reason: "NoAnswer" });
      return result;
    };
    return {
      get: <T extends KubeObject>(type: ResourceType, ref: ObjectRef) => send(() => this.#read<T>(type.plural, ref), false),
      create: <T extends KubeObject>(type: ResourceType, object: T) =>
        send((sender) => this.#createFor(type.plural, object, sender) as unknown as T, true),
      apply: <T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions = {}) =>
        send((sender) => this.#apply(type.plural, object, options, sender) as unknown as T, true),
      mergePatch: <T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: unknown) =>
        send((sender) => this.#patch(type.plural, ref, patch as Patch, sender) as unknown as T, true),
      delete: (type: ResourceType, ref: ObjectRef, options: { uid?: string; gracePeriodSeconds?: number } = {}) =>
        send((sender) => this.#delete(type.plural, ref, options, sender), true),
    };
  }

  #read<T>(plural: string, ref: ObjectRef): T | undefined {
    if (plural === "secrets") {
      const data = this.#options.secrets.get(ref.name);
      return data === undefined ? undefined : ({ metadata: ref, data } as T);
    }
    return this.#of(plural).get(keyOf(ref)) as T | undefined;
  }

  #createFor(plural: string, object: KubeObject, sender: Sender): ApiObject {
    const wanted = object as unknown as ApiObject;
    const key = keyOf(wanted.metadata);
    const before = this.#of(plural).get(key);
    if (before !== undefined) throw new KubeError(`${plural} ${key} exists`, { status: 409, reason: "AlreadyExists" });
    this.#admit(plural, key, undefined, sender);
    this.#options.onWrite({ verb: "create", plural, before, wanted: object, subresource: undefined, sender });
    return this.create(plural, wanted);
  }

  #apply(plural: string, object: KubeObject, { subresource }: ApplyOptions, sender: Sender): ApiObject {
    const { namespace = "", name = "", uid } = object.metadata ?? {};
    const key = keyOf({ namespace, name });
    const before = this.#of(plural).get(key);
    const wanted = object as unknown as ApiObject;
    refuseOther(before, { uid, resourceVersion: wanted.metadata.resourceVersion });
    this.#admit(plural, key, subresource, sender);
    this.#options.onWrite({ verb: "apply", plural, before, wanted: object, subresource, sender });
    if (before === undefined) {
      const created = this.create(plural, wanted as never);
      this.#applied.set(created.metadata.uid, namesIn(wanted));
      return created;
    }
    const after = this.update(plural, key, (present) =>
      subresource === "status" ? { ...present, status: mergedStatus(plural, present, wanted) } : this.#merged(present, wanted),
    );
    this.#finalize(plural, key);
    return after ?? before;
  }

  #merged(present: ApiObject, wanted: ApiObject): ApiObject {
    const { uid } = present.metadata;
    const owned = this.#applied.get(uid) ?? { labels: [], annotations: [] };
    this.#applied.set(uid, namesIn(wanted));
    const { finalizers = present.metadata.finalizers } = wanted.metadata;
    return {
      ...present,
      metadata: {
        ...present.metadata,
        labels: replaced(present.metadata.labels, owned.labels, wanted.metadata.labels),
        annotations: replaced(present.metadata.annotations, owned.annotations, wanted.metadata.annotations),
        ...(finalizers === undefined ? {} : { finalizers }),
      },
      spec: wanted.spec === undefined ? present.spec : withForeign(present.spec, wanted.spec),
    };
  }

  #patch(plural: string, ref: ObjectRef, patch: Patch, sender: Sender): ApiObject {
    const before = this.#of(plural).get(keyOf(ref));
    if (before === undefined) throw new KubeError("not found", { status: 404, reason: "NotFound" });
    refuseOther(before, patch.metadata ?? {});
    this.#admit(plural, keyOf(ref), undefined, sender);
    this.#options.onWrite({ verb: "patch", plural, before, wanted: patch, subresource: undefined, sender });
    const change = (object: ApiObject) => ({ ...object, spec: { ...(object.spec as object), ...patch.spec } });
    return this.update(plural, keyOf(ref), change) ?? before;
  }

  #delete(
    plural: string,
    ref: ObjectRef,
    { uid, gracePeriodSeconds = 30 }: { uid?: string; gracePeriodSeconds?: number },
    sender: Sender,
  ): boolean {
    const key = keyOf(ref);
    const before = this.#of(plural).get(key);
    if (before === undefined || (uid !== undefined && before.metadata.uid !== uid)) return false;
    this.#admit(plural, key, undefined, sender);
    this.#options.onWrite({ verb: "delete", plural, before, wanted: {}, subresource: undefined, sender });
    if (plural === "pods") this.#options.deletePod(before, gracePeriodSeconds * 1_000);
    else this.remove(plural, key);
    return true;
  }

  #admit(plural: string, key: string, subresource: string | undefined, sender: Sender): void {
    const { refusal } = this;
    if (refusal?.plural !== plural || refusal.subresource !== subresource || (refusal.key ?? key) !== key) return;
    this.#options.onRefused(sender);
    throw refusal.error;
  }

  /** A deleted object is removed once it has no finalizer. */
  #finalize(plural: string, key: string): void {
    const object = this.#of(plural).get(key);
    if (object?.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0)
      this.remove(plural, key);
  }

  #set(plural: string, object: ApiObject): void {
    const key = keyOf(object.metadata);
    const before = this.#of(plural).get(key);
    this.#of(plural).set(key, object);
    this.#tell(plural, key, object, before);
  }

  #tell(plural: string, key: string, after: ApiObject | undefined, before: ApiObject | undefined): void {
    for (const view of this.#views.get(plural) ?? []) view.changed(key, after);
    this.#options.onChange(plural, key, after, before);
  }

  #of(plural: string): Map<string, ApiObject> {
    const known = this.#objects.get(plural) ?? new Map<string, ApiObject>();
    this.#objects.set(plural, known);
    return known;
  }

  /** The path of a request, or the fault that stops it. */
  async #sent(): Promise<void> {
    switch (this.trouble) {
      case "fails":
        await this.#wait(1, 20);
        throw new KubeError("the API server is unavailable", { status: 503, reason: "ServiceUnavailable" });
      case "hangs":
        await this.#wait(REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS);
        throw new KubeError("no response in time", { status: 0, reason: "Timeout" });
      case "slow":
        return this.#wait(200, 3_000);
      default:
        return this.#wait(1, 20);
    }
  }

  #wait(fromMs: number, toMs: number): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => clock.schedule(fromMs + random() * (toMs - fromMs), resolve));
  }
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
