import "../style/tokens.css";
import "../style/base.css";
import "./page.css";
import { render } from "preact";
import type { SimulationReport } from "../../operator/simulate/report.ts";
import { Results } from "./results.tsx";

/** The page that `avatarpool simulate --html` writes: the report is in the page itself. */
const root = document.querySelector("main");
const data = document.querySelector("#report");
if (root !== null && data !== null) {
  const { title, ...report } = JSON.parse(data.textContent) as SimulationReport;
  render(
    <>
      <h1>Simulation with AvatarPool</h1>
      <h2>{title}</h2>
      <Results {...report} />
    </>,
    root,
  );
}
