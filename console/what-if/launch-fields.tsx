import { useId } from "preact/hooks";
import type { ReplayInputs } from "../../operator/api/console.ts";
import { generatorNames } from "../../operator/simulate/generate.ts";
import { timeText } from "../plot/units.ts";
import type { LaunchChoice } from "./launch-choice.ts";

interface LaunchFieldsProps {
  readonly choice: LaunchChoice;
  readonly inputs: ReplayInputs | undefined;
  readonly onChange: (choice: LaunchChoice) => void;
}

const titles: Readonly<Record<LaunchChoice["kind"], string>> = {
  recorded: "The last hours of this pool",
  csv: "A CSV file",
  generated: "Generated launches",
};

/** Which launches to replay. */
export function LaunchFields({ choice, inputs, onChange }: LaunchFieldsProps) {
  const name = useId();
  const kinds = (["recorded", "csv", "generated"] as const).filter((kind) => kind !== "recorded" || inputs !== undefined);
  return (
    <fieldset class="launches">
      <legend>Launches</legend>
      {kinds.map((kind) => (
        <div key={kind}>
          <label>
            <input type="radio" name={name} checked={choice.kind === kind} onChange={() => onChange({ ...choice, kind })} />{" "}
            {titles[kind]}
          </label>
          {choice.kind === kind && (
            <div class="launches-more">
              <More choice={choice} inputs={inputs} onChange={onChange} />
            </div>
          )}
        </div>
      ))}
    </fieldset>
  );
}

function More({ choice, inputs, onChange }: LaunchFieldsProps) {
  switch (choice.kind) {
    case "recorded":
      return (
        <p class="soft small">
          {inputs !== undefined && inputs.launches.length > 0 && `Since ${timeText(inputs.fromMs, 0)}: `}
          {inputs?.about}
        </p>
      );
    case "csv":
      return (
        <>
          <input
            type="file"
            accept=".csv,.gz"
            aria-label="CSV file"
            onChange={({ currentTarget }) => onChange({ ...choice, file: currentTarget.files?.[0] })}
          />
          <p class="soft small">
            The header <code>arrival_s,duration_s</code>, then one session per line in seconds from the start, ascending. At most 20
            MB; <code>.csv.gz</code> works too.
          </p>
        </>
      );
    case "generated":
      return (
        <div class="launches-generated">
          <label>
            Pattern{" "}
            <select
              value={choice.generator}
              onChange={({ currentTarget }) => {
                const generator = generatorNames.find((each) => each === currentTarget.value);
                if (generator !== undefined) onChange({ ...choice, generator });
              }}
            >
              {generatorNames.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <label>
            Hours{" "}
            <input
              type="number"
              min={1}
              max={336}
              required
              value={choice.hours}
              onInput={({ currentTarget }) => onChange({ ...choice, hours: currentTarget.valueAsNumber })}
            />
          </label>
          <label>
            Launches per minute{" "}
            <input
              type="number"
              min={0.01}
              max={1_000}
              step="any"
              required
              value={choice.ratePerMinute}
              onInput={({ currentTarget }) => onChange({ ...choice, ratePerMinute: currentTarget.valueAsNumber })}
            />
          </label>
        </div>
      );
  }
}
