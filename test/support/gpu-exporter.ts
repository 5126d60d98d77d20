import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A pod that uses a GPU. */
export interface GpuPod {
  readonly namespace: string;
  readonly pod: string;
}

/**
 * A stand-in for the DCGM exporter, because the test nodes have no GPU: made-up values of two of its metrics, with its labels.
 * @param pods the pods that have a GPU now.
 */
export async function startGpuExporter(pods: () => Promise<readonly GpuPod[]>) {
  const server = createServer(async (_, response) => {
    const found = await pods().catch(() => []);
    const series = (name: string, value: number) => [
      `# TYPE ${name} gauge`,
      ...found.map(({ namespace, pod }, gpu) => `${name}{gpu="${gpu}",namespace="${namespace}",pod="${pod}"} ${value}`),
    ];
    const lines = [...series("DCGM_FI_DEV_GPU_UTIL", 40), ...series("DCGM_FI_DEV_FB_USED", 1_024)];
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(`${lines.join("\n")}\n`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
