import type { Logger } from "../../telemetry/logger.ts";
import type { OverflowNews } from "./cloud-launcher.ts";
import { overflowErrorSentences } from "./sentences.ts";

/** Names in a log line are the client's: they are cut. */
const MAX_LOGGED = 200;

/** Tells the log of launches that the maker's cloud did not take. They are few: a cloud that refuses is left alone for a while. */
export function overflowLog(logger: Logger): (news: OverflowNews) => void {
  return ({ room, error, words, ...pool }) => {
    const line = { ...pool, room: room.slice(0, MAX_LOGGED), reason: error, words };
    logger.warn(line, `overflow: ${overflowErrorSentences[error]}`);
  };
}
