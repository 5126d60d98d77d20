import { KubeError } from "../../operator/kube/errors.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../operator/kube/types.ts";

export interface RecordedWrite {
  readonly verb: "create" | "apply" | "patch" | "delete";
  readonly plural: string;
  readonly name: string;
  readonly subresource?: string;
  /** The sent object, patch, or options of a delete. */
  readonly sent: Record<string, unknown>;
}

/** A client that records writes, responds to every apply and patch with a new generation, and reads the objects of the test. */
export class RecordingClient {
  readonly writes: RecordedWrite[] = [];
  /** The objects that `get` returns, by plural and `namespace/name`. */
  readonly objects = new Map<string, object>();
  /** Makes the next write fail. */
  failNext: KubeError | undefined;
  /** Returns the error of a write, or undefined. It applies until the test removes it. */
  refuses: (write: RecordedWrite) => KubeError | undefined = () => undefined;
  /** All requests, including rejected ones. */
  requests = 0;
  #generation = 1;

  put(plural: string, ref: { readonly namespace: string; readonly name: string }, object: object): void {
    this.objects.set(`${plural} ${keyOf(ref)}`, object);
  }

  /** Returns the writes so far in short form, such as `apply pods/a`, and clears them. */
  take(): readonly string[] {
    return this.writes
      .splice(0)
      .map(
        ({ verb, plural, name, subresource }) => `${verb} ${plural}/${name}${subresource === undefined ? "" : `/${subresource}`}`,
      );
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> {
    return this.objects.get(`${type.plural} ${keyOf(ref)}`) as T | undefined;
  }

  async apply<T extends KubeObject>(type: ResourceType, object: T, options: { readonly subresource?: "status" } = {}): Promise<T> {
    this.#record({
      verb: "apply",
      plural: type.plural,
      name: object.metadata?.name ?? "",
      sent: { ...(object as object) },
      ...options,
    });
    const metadata = { uid: `uid-of-${object.metadata?.name}`, generation: ++this.#generation, ...object.metadata };
    return { ...object, metadata };
  }

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    this.#record({ verb: "create", plural: type.plural, name: object.metadata?.name ?? "", sent: { ...(object as object) } });
    return { ...object, metadata: { uid: `uid-of-${object.metadata?.name}`, generation: ++this.#generation, ...object.metadata } };
  }

  async mergePatch<T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: object): Promise<T> {
    this.#record({ verb: "patch", plural: type.plural, name: ref.name, sent: { ...patch } });
    // The same UIDs as in the fixtures.
    return { metadata: { uid: `uid-${ref.name.split("-").at(-1)}`, generation: ++this.#generation } } as T;
  }

  async delete(type: ResourceType, ref: ObjectRef, options: object = {}): Promise<boolean> {
    this.#record({ verb: "delete", plural: type.plural, name: ref.name, sent: { ...options } });
    return true;
  }

  #record(write: RecordedWrite): void {
    this.requests++;
    const failure = this.failNext ?? this.refuses(write);
    this.failNext = undefined;
    if (failure !== undefined) throw failure;
    this.writes.push(write);
  }
}

export const conflict = () => new KubeError("uid mismatch", { status: 409, reason: "Conflict" });
export const invalid = (said: string) => new KubeError(`answered 422 Invalid: ${said}`, { status: 422, reason: "Invalid", said });
export const forbidden = (said: string) =>
  new KubeError(`answered 403 Forbidden: ${said}`, { status: 403, reason: "Forbidden", said });
export const outage = () => new KubeError("no answer", { status: 0, reason: "NoAnswer" });
