/** A measured number and what it may be at most. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

export interface ScenarioResult {
  readonly figures: readonly Figure[];
  /** What explains the figures. */
  readonly details: Readonly<Record<string, unknown>>;
}

export function isMissed({ value, limit }: Figure): boolean {
  // A figure that could not be measured is NaN, and not reached.
  return !(value <= limit);
}

export function describeFigure(figure: Figure): string {
  return `${isMissed(figure) ? "MISSED" : "ok"}  ${figure.name}: ${figure.value} (at most ${figure.limit})`;
}
