type Quantities = Readonly<Record<string, unknown>>;

interface Requirements {
  readonly requests?: Quantities | undefined;
  readonly limits?: Quantities | undefined;
}

/** Requests and limits of a container: the given ones override the defaults by name. */
export function requirements(defaults: Requirements, given: Requirements = {}) {
  return {
    requests: { ...quantities(defaults.requests), ...quantities(given.requests) },
    limits: { ...quantities(defaults.limits), ...quantities(given.limits) },
  };
}

/** Passes on an invalid quantity as JSON, so the error of the API server quotes it. */
function quantities(map: Quantities = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
