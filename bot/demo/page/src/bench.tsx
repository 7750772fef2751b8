// What happens outside of Slack: a server that can be mended, and a workflow that runs the step.

import { useState } from "react";
import { act, type Lever, type Run, type State, type Step } from "./state";
import { useWords } from "./words";

export function Bench({ state }: { state: State }) {
  const say = useWords();
  const { levers } = state;
  const { steps } = state.app;
  return (
    <>
      {levers.length > 0 && <h2>{say("servers")}</h2>}
      {levers.map((lever) => (
        <Server key={lever.host} lever={lever} />
      ))}
      {steps.length > 0 && <h2>{say("workflows")}</h2>}
      {steps.map((step) => (
        <Workflow key={step.callback_id} {...{ state, step }} />
      ))}
      {state.install && (
        <p>
          <a className="press" href={state.install} target="_blank" rel="noopener noreferrer">
            {say("install")}
          </a>
        </p>
      )}
    </>
  );
}

function Server({ lever }: { lever: Lever }) {
  const say = useWords();
  return (
    <section className="card" aria-label={lever.host}>
      <strong>{lever.host}</strong>
      <span>{say(`server.${lever.now}`)}</span>
      <div className="actions">
        {lever.states
          .filter((to) => to !== lever.now)
          .map((to) => (
            <button key={to} className="press" onClick={() => void act("turn", { host: lever.host, to })}>
              {say(`server.to.${to}`)}
            </button>
          ))}
      </div>
    </section>
  );
}

function Workflow({ state, step }: { state: State; step: Step }) {
  const say = useWords();
  const [inputs, setInputs] = useState<{ [name: string]: string }>({});
  const [failure, setFailure] = useState("");
  const runs = state.runs.filter((one) => one.callback_id === step.callback_id).reverse();
  return (
    <section className="card" aria-label={step.title}>
      <strong>{step.title}</strong>
      {step.description && <span>{step.description}</span>}
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          setFailure("");
          const wish = { viewer: state.viewer, callback_id: step.callback_id, inputs };
          const { outcome } = await act("run", wish);
          if (outcome !== "ok") setFailure(outcome);
        }}
      >
        {step.inputs.map((one) => (
          <label key={one.name}>
            {one.title}
            <input
              required={one.required}
              value={inputs[one.name] ?? ""}
              autoComplete="off"
              onChange={(event) => setInputs({ ...inputs, [one.name]: event.target.value })}
            />
          </label>
        ))}
        <button type="submit" className="press">
          {say("workflow.run")}
        </button>
      </form>
      {failure && (
        <p className="failure" role="alert">
          {failure}
        </p>
      )}
      {runs.slice(0, 2).map((run) => (
        <Ended key={run.id} run={run} />
      ))}
    </section>
  );
}

function Ended({ run }: { run: Run }) {
  const say = useWords();
  return (
    <div className="run" role="status">
      <p>
        {run.status === "running" && <span className="spinner" aria-hidden="true" />}
        {Object.values(run.inputs).join(" ")}: {say(`workflow.${run.status}`)} {run.error}
      </p>
      {run.status === "succeeded" && (
        <dl>
          {Object.entries(run.outputs).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
