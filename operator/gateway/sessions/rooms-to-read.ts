/** A room with participants. */
export interface OpenRoom {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

/**
 * Chooses the rooms to read now: those that were never read first, the newest first, then those that were read longest ago.
 * @param readAtMs when each room was read, by its id.
 * @returns the rooms, and the times of the open rooms after they are read.
 */
export function leastRecentlyRead(
  rooms: readonly OpenRoom[],
  readAtMs: ReadonlyMap<string, number>,
  nowMs: number,
  most: number,
): { readonly due: readonly OpenRoom[]; readonly readAtMs: ReadonlyMap<string, number> } {
  const age = ({ id }: OpenRoom) => readAtMs.get(id) ?? Number.NEGATIVE_INFINITY;
  const order = (a: OpenRoom, b: OpenRoom) => (age(a) === age(b) ? b.createdAtMs - a.createdAtMs : age(a) - age(b));
  const due = [...rooms].sort(order).slice(0, most);
  const known = rooms.filter(({ id }) => readAtMs.has(id)).map((room) => [room.id, age(room)] as const);
  return { due, readAtMs: new Map([...known, ...due.map(({ id }) => [id, nowMs] as const)]) };
}
