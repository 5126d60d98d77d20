import { describe, expect, it } from "vitest";
import { RecordingClient } from "../../test/support/recording-client.ts";
import { deployments } from "./resource-types.ts";
import { whileLeading } from "./while-leading.ts";

const ref = { namespace: "avatars", name: "support-gpu" };

describe("whileLeading", () => {
  it("reads and writes while it leads, and writes nothing afterwards", async () => {
    const leading = new AbortController();
    const recorded = new RecordingClient();
    recorded.put("deployments", ref, { metadata: ref });
    let holds = true;
    const client = whileLeading(recorded, leading.signal, () => holds);
    const writeAll = () =>
      Promise.allSettled([
        client.create(deployments, { metadata: ref }),
        client.apply(deployments, { metadata: ref }),
        client.mergePatch(deployments, ref, {}),
        client.delete(deployments, ref),
      ]);
    await writeAll();
    expect(recorded.take()).toHaveLength(4);
    holds = false;
    const refused = expect.objectContaining({ reason: expect.objectContaining({ reason: "NotLeading" }) });
    expect(await writeAll()).toEqual([refused, refused, refused, refused]);
    expect(recorded.take()).toEqual([]);
    expect(await client.get(deployments, ref)).toEqual({ metadata: ref });
  });

  it("retries no failed write after it stops leading", async () => {
    const leading = new AbortController();
    const signals: unknown[] = [];
    const apply = async (_type: unknown, object: object, options: { readonly signal?: AbortSignal } = {}) => {
      signals.push(options.signal);
      return object;
    };
    await whileLeading({ ...new RecordingClient(), apply } as never, leading.signal, () => true).apply(deployments, {
      metadata: ref,
    });
    expect(signals).toEqual([leading.signal]);
  });
});
