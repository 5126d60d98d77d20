import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { Permission } from "../../kube/access-review.ts";
import { Permissions } from "./permissions.ts";

const ann = { username: "ann", groups: ["staff"] };
const keys = ["a/one", "a/two", "b/three", "b/four"];

/** @param allowed what a review allows, as `verb resource/subresource namespace/name`. */
function setup(...allowed: readonly string[]) {
  const clock = new FakeClock();
  const rights = new Set(allowed);
  const reviews: string[] = [];
  const api: { wait: Promise<void> | undefined; away: boolean } = { wait: undefined, away: false };
  const permissions = new Permissions({
    clock,
    async review(_user, { verb, resource, subresource = "", namespace = "*", name = "*" }: Permission) {
      const what = `${verb} ${resource}/${subresource} ${namespace}/${name}`;
      reviews.push(what);
      await api.wait;
      if (api.away) throw new Error("no API server");
      return rights.has(what);
    },
  });
  return { clock, rights, reviews, api, permissions };
}

describe("the pools that a user may get", () => {
  it("need one review if the user may get all", async () => {
    const { permissions, reviews } = setup("get avatarpools/ */*");
    expect([...(await permissions.visible(ann, keys))]).toEqual(keys);
    expect(reviews).toEqual(["get avatarpools/ */*"]);
  });

  it("are evaluated by namespace, and by name only where that fails", async () => {
    const { permissions, reviews } = setup("get avatarpools/ a/*", "get avatarpools/ b/four");
    expect([...(await permissions.visible(ann, keys))]).toEqual(["a/one", "a/two", "b/four"]);
    expect(reviews).toEqual(["*/*", "a/*", "b/*", "b/three", "b/four"].map((where) => `get avatarpools/ ${where}`));
  });

  it("need no review if there are no pools", async () => {
    const { permissions, reviews } = setup();
    expect([...(await permissions.visible(ann, []))]).toEqual([]);
    expect(reviews).toEqual([]);
  });
});

describe("a permission", () => {
  const stop = "delete avatarpools/sessions a/one";

  it("is cached for 30 s if allowed, and for 5 s if denied, for one user", async () => {
    const { permissions, reviews, rights, clock } = setup(stop);
    const may = (user = ann) => permissions.may(user, "stopSessions", "a/one");
    expect([await may(), await may()]).toEqual([true, true]);
    expect(await permissions.may(ann, "launch", "a/one")).toBe(false);
    expect(await may({ username: "ann", groups: [] })).toBe(true);
    expect(reviews).toEqual([stop, "create avatarpools/launches a/one", stop]);
    rights.clear();
    await clock.advance(29_999);
    expect(await may()).toBe(true);
    await clock.advance(1);
    expect(await may()).toBe(false);
    rights.add(stop);
    await clock.advance(4_999);
    expect(await may()).toBe(false);
    await clock.advance(1);
    expect(await may()).toBe(true);
  });

  it("is reviewed once for concurrent requests, and again after a failure", async () => {
    const { permissions, reviews, api } = setup(stop);
    const arrived = Promise.withResolvers<void>();
    api.wait = arrived.promise;
    api.away = true;
    const both = [1, 2].map(() => permissions.may(ann, "stopSessions", "a/one"));
    arrived.resolve();
    await expect(Promise.all(both)).rejects.toThrow("no API server");
    expect(reviews).toHaveLength(1);
    api.away = false;
    expect(await permissions.may(ann, "stopSessions", "a/one")).toBe(true);
  });

  it("is not reviewed beside a hundred others", async () => {
    const { permissions, api, reviews } = setup();
    api.wait = new Promise(() => {});
    for (let pool = 0; pool < 100; pool += 1) void permissions.may(ann, "view", `a/${pool}`);
    await expect(permissions.may(ann, "view", "a/more")).rejects.toThrow("100 permissions are under review");
    expect(reviews).toHaveLength(100);
  });
});
