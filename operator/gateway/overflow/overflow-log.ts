import type { Logger } from "../../telemetry/logger.ts";
import type { OverflowEvent } from "./cloud-launcher.ts";
import { overflowErrorSentences } from "./sentences.ts";

/** Clients choose the names of rooms. */
const MAX_LOGGED = 200;

/** Logs launches that the maker's cloud did not accept. The circuit breaker limits their number. */
export function overflowLog(logger: Logger): (news: OverflowEvent) => void {
  return ({ room, error, words, ...pool }) => {
    const line = { ...pool, room: room.slice(0, MAX_LOGGED), reason: error, words };
    logger.warn(line, `overflow: ${overflowErrorSentences[error]}`);
  };
}
