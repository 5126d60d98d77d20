/** A measured number and its upper limit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

export interface ScenarioResult {
  readonly figures: readonly Figure[];
  /** Further numbers that explain the figures. */
  readonly details: Readonly<Record<string, unknown>>;
}

export function isMissed({ value, limit }: Figure): boolean {
  // A figure that could not be measured is NaN and counts as missed.
  return !(value <= limit);
}

export function describeFigure(figure: Figure): string {
  return `${isMissed(figure) ? "MISSED" : "ok"}  ${figure.name}: ${figure.value} (at most ${figure.limit})`;
}
