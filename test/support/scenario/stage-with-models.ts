import { afterAll, beforeAll } from "vitest";
import { ModelServer } from "./model-server.ts";
import { Stage } from "./stage.ts";

/** Opens a stage and a model server for the tests of a file, and stops both after them. */
export function stageWithModels(use: (opened: { readonly stage: Stage; readonly models: ModelServer }) => void): void {
  let models: ModelServer | undefined;
  let stage: Stage | undefined;
  beforeAll(async () => {
    models = await ModelServer.start();
    stage = await Stage.open();
    use({ stage, models });
  });
  afterAll(async () => {
    await stage?.stop();
    await models?.stop();
  });
}
