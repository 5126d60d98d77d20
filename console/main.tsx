import "./style/tokens.css";
import "./style/base.css";
import { render } from "preact";
import { App } from "./shell/app.tsx";
import { applyTheme, keptTheme } from "./shell/theme.ts";
import { SessionContext } from "./state/hooks.ts";
import { Session } from "./state/session.ts";

applyTheme(keptTheme());
const root = document.querySelector("#app");
if (root !== null)
  render(
    <SessionContext.Provider value={new Session()}>
      <App />
    </SessionContext.Provider>,
    root,
  );
