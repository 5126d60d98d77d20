/** Requests of a test's or demo's process to its supervisor. */
export type SupervisorRequest =
  | { readonly kind: "start"; readonly name: string; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: "kill"; readonly name: string };

/** Messages of the supervisor. */
export type SupervisorReport =
  | { readonly kind: "ready"; readonly address: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "started"; readonly name: string; readonly pid: number }
  /** `how`: "code 1", "SIGKILL" or the reason why it did not start. */
  | { readonly kind: "ended"; readonly name: string; readonly how: string };
