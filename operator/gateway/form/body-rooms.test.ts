import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LaunchError } from "../errors.ts";
import { BodyRooms, type HeldBody } from "./body-rooms.ts";
import { ByteRoom } from "./byte-room.ts";

const MEGABYTE = 1024 * 1024;
const owner = (client: string, pool = "a/a") => ({ pool, client: `${pool}/${client}` });

/** Fills a room with bodies of 16 MB that never end. @returns the bytes that they hold. */
function fill(rooms: BodyRooms, open: () => HeldBody): number {
  const before = rooms.held;
  let hasRoom = true;
  while (hasRoom) {
    const body = open();
    for (let taken = 0; hasRoom && taken < 16; taken += 1) hasRoom = takes(body, MEGABYTE);
  }
  return rooms.held - before;
}

function takes(body: HeldBody, bytes: number): boolean {
  try {
    body.take(bytes);
    return true;
  } catch (error) {
    if (error instanceof LaunchError) return false;
    throw error;
  }
}

describe("BodyRooms", () => {
  it("accepts a small body while unfinished uploads fill the rest", () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    for (const pool of ["a/a", "b/b", "c/c"]) fill(rooms, () => rooms.open(owner("web", pool), 16 * MEGABYTE));
    fill(rooms, () => rooms.openUnverified("10.0.0.1", 2 * MEGABYTE));
    expect(takes(rooms.open(owner("web"), 4_096), 4_096)).toBe(true);
    expect(takes(rooms.openUnverified("10.0.0.1", 4_096), 4_096)).toBe(true);
  });

  it("limits one client to half of the room for uploads", () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    expect(fill(rooms, () => rooms.open(owner("web"), 16 * MEGABYTE))).toBe(32 * MEGABYTE);
    expect(takes(rooms.open(owner("phone"), 10 * MEGABYTE), 10 * MEGABYTE)).toBe(true);
    expect(takes(rooms.open(owner("web", "b/b"), 10 * MEGABYTE), 10 * MEGABYTE)).toBe(true);
  });

  it("limits the clients of one pool to four fifths of the room", () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    for (let client = 0; client < 100; client += 1) fill(rooms, () => rooms.open(owner(`client-${client}`), 16 * MEGABYTE));
    expect(rooms.held).toBeLessThanOrEqual((64 * MEGABYTE * 4) / 5);
    expect(takes(rooms.open(owner("web", "b/b"), 4 * MEGABYTE), 4 * MEGABYTE)).toBe(true);
  });

  it("limits bodies without a verified token, and rejects a long one with a remedy", () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    for (let at = 0; at < 100; at += 1) fill(rooms, () => rooms.openUnverified(`10.0.0.${at}`, undefined));
    expect(rooms.held).toBeLessThanOrEqual(8 * MEGABYTE);
    const long = new BodyRooms(16 * MEGABYTE).openUnverified("10.0.0.1", 3 * MEGABYTE);
    expect(() => long.take(1)).toThrow(/larger than 2 MB, .* without a token in a header: send the token as Authorization: Bearer/);
  });

  it("assigns a body to its verified client, and releases all bytes once", () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    const body = rooms.openUnverified("10.0.0.1", undefined);
    body.take(MEGABYTE);
    body.verify(owner("web"));
    expect(rooms.held).toBe(MEGABYTE);
    for (let at = 0; at < 20; at += 1) fill(rooms, () => rooms.openUnverified(`10.0.0.${at}`, undefined));
    const held = rooms.held;
    body.release();
    body.release();
    expect(rooms.held).toBe(held - MEGABYTE);
  });

  it("rejects a body by its content-length", () => {
    const body = new BodyRooms(16 * MEGABYTE).open(owner("web"), 17 * MEGABYTE);
    expect(() => body.take(1)).toThrow(/larger than 16 MB/);
  });
});

describe("ByteRoom", () => {
  it("never exceeds its size, keeps every share, and is empty after all releases", () => {
    const takes = fc.array(
      fc.record({ pool: fc.nat(3), client: fc.nat(3), bytes: fc.integer({ min: 1, max: 400 }), back: fc.boolean() }),
    );
    fc.assert(
      fc.property(takes, (steps) => {
        const room = new ByteRoom(1_000);
        const held: (readonly [ReturnType<typeof owner>, number])[] = [];
        for (const { pool, client, bytes, back } of steps) {
          const who = owner(`${client}`, `p${pool}`);
          const free = room.free;
          const taken = room.take(who, bytes);
          expect(room.free).toBe(taken ? free - bytes : free);
          expect(room.free).toBeGreaterThanOrEqual(0);
          if (taken) held.push([who, bytes]);
          const first = back ? held.shift() : undefined;
          if (first !== undefined) room.give(...first);
        }
        for (const entry of held) room.give(...entry);
        expect(room.free).toBe(1_000);
        expect(room.take(owner("x"), 500)).toBe(true);
      }),
    );
  });
});
