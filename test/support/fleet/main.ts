import { once } from "node:events";
import { parseArgs } from "node:util";
import { controlServer } from "./control-server.ts";
import { startFleet } from "./fleet.ts";

/**
 * The fleet as a process: `node test/support/fleet/main.ts --kubeconfig PATH [--time-factor N] [--seed N] [--control-port N]`.
 * Prints one JSON line when it is ready, logs on stderr, ends on SIGTERM and SIGINT.
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    "time-factor": { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    /** Port of the control API on 127.0.0.1; 0 for any free port. */
    "control-port": { type: "string", default: "0" },
  },
});
if (values.kubeconfig === undefined) throw new Error("--kubeconfig is required: the path of the cluster's kubeconfig");

const stopped = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopped.abort());

await using fleet = await startFleet({
  kubeconfig: values.kubeconfig,
  timeFactor: Number(values["time-factor"]),
  seed: Number(values.seed),
  onLog: (line) => process.stderr.write(line),
});
const server = controlServer(fleet).listen(Number(values["control-port"]), "127.0.0.1");
await once(server, "listening");
process.stdout.write(`${JSON.stringify({ ready: true, control: server.address() })}\n`);
if (!stopped.signal.aborted) await once(stopped.signal, "abort");
server.close();
server.closeAllConnections();
