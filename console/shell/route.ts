export const poolTabs = ["live", "time", "why", "what-if", "launch"] as const;
export type PoolTab = (typeof poolTabs)[number];

export type Route =
  | { readonly page: "fleet" }
  | {
      readonly page: "pool";
      /** `NAMESPACE/NAME`. */
      readonly pool: string;
      readonly tab: PoolTab;
      /** ID of a decision, on the tab `why`. */
      readonly decision?: string;
    };

/** The page of a location's hash. The path stays free, because an Ingress may serve the console under one. */
export function routeOf(hash: string): Route {
  const [first, namespace, name, tab = "live", decision] = hash.replace(/^#?\//, "").split("/").map(decoded);
  if (first !== "pools" || !namespace || !name) return { page: "fleet" };
  return {
    page: "pool",
    pool: `${namespace}/${name}`,
    tab: poolTabs.find((each) => each === tab) ?? "live",
    ...(decision !== undefined && decision !== "" && { decision }),
  };
}

export const fleetHref = "#/";

export function poolHref(pool: string, tab: PoolTab = "live", decision?: string): string {
  const parts = [...pool.split("/"), ...(tab === "live" ? [] : [tab]), ...(decision === undefined ? [] : [decision])];
  return `#/pools/${parts.map(encodeURIComponent).join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
