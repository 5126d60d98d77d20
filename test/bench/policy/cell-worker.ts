/** A thread that receives cells and posts their results. */
import { parentPort, workerData } from "node:worker_threads";
import { type Cell, runCell } from "./cell.ts";

const { folder, quick } = workerData as { readonly folder: string; readonly quick: boolean };

parentPort?.on("message", (cell: Cell) => parentPort?.postMessage(runCell(cell, folder, quick)));
