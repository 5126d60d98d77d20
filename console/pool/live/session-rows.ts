import type { SessionRow } from "../../../operator/api/console.ts";

/** Sessions whose texts contain each word of the search, the newest first. */
export function sessionRows(sessions: readonly SessionRow[], search: string): readonly SessionRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return sessions
    .filter(({ room, worker, group, preset = "", state }) => {
      const text = `${room} ${worker} ${group} ${preset} ${state}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((one, other) => (other.launchedAtMs ?? 0) - (one.launchedAtMs ?? 0) || (one.room < other.room ? -1 : 1));
}
