/** Where the session of a launch runs. */
export interface SessionLocation {
  /** UID of the worker's pod; `CLOUD.uid` if the session runs in the maker's cloud. */
  readonly worker: string;
  /** The session's task at the worker; undefined if the worker's answer names none. */
  readonly task?: string | undefined;
  readonly room: string;
}
