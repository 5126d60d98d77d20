import { stateMeanings, workerStates } from "./worker-words.ts";

const cells = ["busy", "reserved", "blocked", "free"] as const;

/** What the tiles mean: cells are slots, the frame is the state of the worker. */
export function Legend() {
  return (
    <details class="legend">
      <summary>
        {cells.map((cell) => (
          <span key={cell} class="legend-cell">
            <span class="tile" aria-hidden="true" style={{ "--slots": 1, [`--${cell}`]: 1 }} />
            {cell}
          </span>
        ))}
        <span class="legend-more">States</span>
      </summary>
      <ul>
        {workerStates.map((state) => (
          <li key={state}>
            <span class={`tile tile-${state}`} aria-hidden="true" style={{ "--slots": 2, "--free": 2 }} />
            <span>
              <b>{state}</b> <span class="soft">{stateMeanings[state]}</span>
            </span>
          </li>
        ))}
        <li>
          <span class="tile tile-protected" aria-hidden="true" style={{ "--slots": 2, "--busy": 2 }} />
          <span>
            <b>protected</b> <span class="soft">a drain of its node does not evict it</span>
          </span>
        </li>
        <li>
          <span class="tile tile-outdated" aria-hidden="true" style={{ "--slots": 2, "--free": 2 }} />
          <span>
            <b>outdated</b> <span class="soft">runs an earlier revision of its group</span>
          </span>
        </li>
      </ul>
    </details>
  );
}
