/** Whether a launch went to the pool's own LiveKit server; false where either is not known. */
export function isSameServer(launchedAt: string | undefined, pools: string | undefined): boolean {
  if (launchedAt === undefined || pools === undefined) return false;
  return hostOf(launchedAt) === hostOf(pools);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
