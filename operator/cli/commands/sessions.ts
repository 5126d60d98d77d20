import type { Command } from "commander";
import { type AllNamespacesFlags, type OutputFlags, withAllNamespaces, withOutput } from "../flags.ts";
import { type GatewayFlags, withGateway } from "../gateways/flags.ts";
import { hintLine, printLine } from "../output.ts";
import type { SessionDeps, SessionScope } from "../sessions/commands.ts";

type SessionFlags = AllNamespacesFlags & GatewayFlags & OutputFlags;

export function addSessions(program: Command): void {
  const sessions = program.command("sessions").description("list, show and end sessions, through a gateway");

  const list = sessions
    .command("list", { isDefault: true })
    .description("list live and recently ended sessions")
    .argument("[pool]", "name of the AvatarPool (default: all pools of the namespace)")
    .action((pool: string | undefined, flags: SessionFlags) =>
      withSessions(flags, async (deps, scope) => (await import("../sessions/commands.ts")).listSessions(deps, pool, scope)),
    );

  const show = sessions
    .command("show")
    .description("show the sessions of a room")
    .argument("<room>", "LiveKit room")
    .argument("[pool]", "name of the AvatarPool (default: the pool that has the room)")
    .action((room: string, pool: string | undefined, flags: SessionFlags) =>
      withSessions(flags, async (deps, scope) => (await import("../sessions/commands.ts")).showSessions(deps, room, pool, scope)),
    );

  const stop = sessions
    .command("stop")
    .description("end the sessions of a room")
    .argument("<room>", "LiveKit room")
    .argument("[pool]", "name of the AvatarPool (default: the pool that has the room)")
    .option("-y, --yes", "end the sessions without a question")
    .action((room: string, pool: string | undefined, flags: SessionFlags & { readonly yes?: boolean }) =>
      withSessions(flags, async (deps, scope) => {
        const [{ stopRoom }, { terminalConfirm }] = await Promise.all([import("../sessions/commands.ts"), import("../confirm.ts")]);
        await stopRoom(deps, room, pool, scope, { yes: flags.yes ?? false, confirm: terminalConfirm() });
      }),
    );

  for (const command of [list, show, stop]) withGateway(withAllNamespaces(withOutput(command, ["wide", "json", "yaml"])));
}

async function withSessions(flags: SessionFlags, run: (deps: SessionDeps, scope: SessionScope) => Promise<void>): Promise<void> {
  const [{ withClient }, { gatewayOf }] = await Promise.all([import("../cluster.ts"), import("../gateways/flags.ts")]);
  await withClient(flags, ({ client, namespace }) =>
    run(
      { client, gateway: gatewayOf(client, flags), print: printLine, hint: hintLine, nowMs: Date.now },
      { namespace: flags.allNamespaces ? undefined : namespace, tokenFile: flags.tokenFile, output: flags.output },
    ),
  );
}
