import type { PluginLaunch } from "../media/callers.ts";
import type { NodeScenario } from "./scenario.ts";
import type { NodeStage } from "./stage.ts";

/** A call that a viewer has seen. */
export interface Call {
  readonly room: string;
  /** Name of the worker's pod. */
  readonly pod: string;
}

/** The calls of a scenario, each in a room of its own. */
export class NodeCalls {
  readonly #stage: NodeStage;
  readonly #scenario: NodeScenario;
  readonly #open = new Set<string>();
  #rooms = 0;

  constructor(stage: NodeStage, scenario: NodeScenario) {
    this.#stage = stage;
    this.#scenario = scenario;
  }

  /** Starts a call with the preset `leo`. */
  async start(launch: Partial<PluginLaunch> = {}): Promise<Call> {
    const room = `call-${this.#rooms++}`;
    this.#open.add(room);
    await this.#scenario.call(room, { avatar_id: "leo", ...launch });
    const [task] = (await this.#scenario.activeTasks()).filter(({ room_name: name }) => name === room);
    return { room, pod: task?.pod ?? "" };
  }

  /** Resolves when the viewer receives frames that are sent now. */
  async plays({ room }: Pick<Call, "room">): Promise<void> {
    const frames = async () => (await this.#stage.callers.watch(room))[0]?.frames ?? 0;
    await frames();
    await this.#scenario.until(`frames in ${room}`, async () => (await frames()) > 0);
  }

  /** Ends calls whose workers run. */
  async hangUp(...calls: readonly Call[]): Promise<void> {
    for (const { room } of calls) this.#open.delete(room);
    await this.#scenario.hangUp(...calls.map(({ room }) => room));
  }

  /** Ends all calls that are left, also those whose workers are gone. */
  async endAll(): Promise<void> {
    const rooms = [...this.#open];
    this.#open.clear();
    await Promise.all(rooms.map((room) => this.#scenario.end(room).catch(() => undefined)));
    await Promise.all(rooms.map((room) => this.#stage.callers.hangUp(room)));
  }
}
