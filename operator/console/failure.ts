/** An unsuccessful response of the console. The message states what failed, why, and what to do. */
export class ConsoleFailure extends Error {
  override readonly name = "ConsoleFailure";
  readonly status: number;
  /** Whether the same request may succeed in a few seconds. */
  readonly passing: boolean;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
    this.passing = status === 429 || status === 503;
  }
}
