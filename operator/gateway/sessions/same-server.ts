/** Whether a launch used the LiveKit server that its pool names; false if either URL is unknown. */
export function isSameServer(launchedAt: string | undefined, pools: string | undefined): boolean {
  if (launchedAt === undefined || pools === undefined) return false;
  return hostOf(launchedAt) === hostOf(pools);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
