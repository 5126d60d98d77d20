import { LaunchError } from "../errors.ts";
import { type ByteOwner, ByteRoom } from "./byte-room.ts";

const MEGABYTE = 1024 * 1024;
/** A launch without an image has 2 to 4 kB. */
export const SMALL_BODY_BYTES = 64 * 1024;
/** Queued launches keep their bodies: ten thousand of 2 kB from one client fit. */
const SMALL_ROOM_BYTES = 48 * MEGABYTE;
const UNVERIFIED_SMALL_ROOM_BYTES = 4 * MEGABYTE;
/** The largest bodies that fit at once: a hundred waiting launches of one client with ordinary portraits. */
const LARGE_BODIES = 4;
/** Limits for clients without a verified token, as shares of the largest body: all their large bodies, and one of them. */
const UNVERIFIED_ROOM = 1 / 2;
const UNVERIFIED_BODY = 1 / 8;

interface Rooms {
  readonly small: ByteRoom;
  readonly large: ByteRoom;
  /** Longest body. */
  readonly bodyBytes: number;
}

/**
 * Memory limits for request bodies. Bodies that are announced as small have a separate limit, so that uploads do not block
 * launches without an image. Bodies of clients without a verified token have lower limits.
 */
export class BodyRooms {
  readonly #verified: Rooms;
  readonly #unverified: Rooms;
  readonly #bytes: number;

  /** @param bodyBytes longest body of a client that may launch. */
  constructor(bodyBytes: number) {
    this.#verified = rooms(SMALL_ROOM_BYTES, LARGE_BODIES * bodyBytes, bodyBytes);
    this.#unverified = rooms(UNVERIFIED_SMALL_ROOM_BYTES, UNVERIFIED_ROOM * bodyBytes, UNVERIFIED_BODY * bodyBytes);
    this.#bytes = this.#free;
  }

  /** Bytes of all bodies in memory. */
  get held(): number {
    return this.#bytes - this.#free;
  }

  /** For a body of a verified client. @param announced length, if the headers have one. */
  open(owner: ByteOwner, announced: number | undefined): HeldBody {
    return new HeldBody(this.#verified, this.#verified, owner, announced);
  }

  /** For a body that is read before its client is verified. */
  openUnverified(network: string, announced: number | undefined): HeldBody {
    return new HeldBody(this.#unverified, this.#verified, { pool: "", client: network }, announced);
  }

  get #free(): number {
    const { small, large } = this.#verified;
    return small.free + large.free + this.#unverified.small.free + this.#unverified.large.free;
  }
}

/** The bytes that one body holds, until it is released. */
export class HeldBody {
  /** Length that the headers have announced. */
  readonly announced: number | undefined;
  readonly #verified: Rooms;
  readonly #isSmall: boolean;
  readonly #bodyBytes: number;
  readonly #isVerified: boolean;
  #room: ByteRoom;
  #owner: ByteOwner;
  #bytes = 0;

  constructor(from: Rooms, verified: Rooms, owner: ByteOwner, announced: number | undefined) {
    this.#verified = verified;
    this.#isSmall = announced !== undefined && announced <= SMALL_BODY_BYTES;
    this.announced = announced;
    this.#bodyBytes = from.bodyBytes;
    this.#isVerified = from === verified;
    this.#room = roomOf(from, this.#isSmall);
    this.#owner = owner;
  }

  /** @throws LaunchError 413 if the body exceeds its limit, 503 if its owner has reached its share. */
  take(bytes: number): void {
    const length = Math.max(this.#bytes + bytes, this.announced ?? 0);
    if (length > this.#bodyBytes) throw tooLarge(this.#bodyBytes, this.#isVerified);
    if (!this.#room.take(this.#owner, bytes)) throw busy();
    this.#bytes += bytes;
  }

  /** Moves the body to its verified client. @throws LaunchError 503 if that client has reached its limit. */
  verify(owner: ByteOwner): void {
    const room = roomOf(this.#verified, this.#isSmall);
    const bytes = this.#bytes;
    if (!room.take(owner, bytes)) throw busy();
    this.release();
    this.#room = room;
    this.#owner = owner;
    this.#bytes = bytes;
  }

  release(): void {
    this.#room.give(this.#owner, this.#bytes);
    this.#bytes = 0;
  }
}

function rooms(smallBytes: number, largeBytes: number, bodyBytes: number): Rooms {
  return { small: new ByteRoom(smallBytes), large: new ByteRoom(largeBytes), bodyBytes };
}

function roomOf({ small, large }: Rooms, isSmall: boolean): ByteRoom {
  return isSmall ? small : large;
}

function tooLarge(limit: number, isVerified: boolean): LaunchError {
  const size = `the body is larger than ${limit / MEGABYTE} MB`;
  const smaller = "send a smaller image, or its URL as avatar_image_url";
  const message = isVerified
    ? `${size}: ${smaller}`
    : `${size}, the limit without a token in a header: send the token as Authorization: Bearer, or ${smaller}`;
  return new LaunchError(413, "too_large", message);
}

function busy(): LaunchError {
  const message = "launches in progress use all the memory that this gateway reserves for the client or its pool: retry";
  return new LaunchError(503, "gateway_busy", message, { retryAfterMs: 1_000 });
}
