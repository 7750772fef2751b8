// Things to try: a click types the command and sends it. Above them what can be mended, and the step
// of a workflow.

import { useState } from "react";
import { Bench } from "./bench";
import type { State } from "./state";
import { useWords } from "./words";

export function Tries({ state, onTry }: { state: State; onTry: (command: string) => void }) {
  const say = useWords();
  const { tries } = state;
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const shown = tries.filter((one) =>
    `${one.title} ${one.command} ${one.expected}`.toLowerCase().includes(wanted),
  );
  return (
    <aside className="tries" aria-label={say("tries")}>
      <Bench state={state} />
      <h2>{say("tries")}</h2>
      {tries.length > 8 && (
        <input
          type="search"
          placeholder={say("tries.filter")}
          aria-label={say("tries.filter")}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      <ul>
        {shown.map((one) => (
          <li key={`${one.command} ${one.title}`}>
            <button onClick={() => onTry(one.command)}>
              <strong>{one.title}</strong>
              <code>{one.command}</code>
              {one.expected && <span>{one.expected}</span>}
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p>{say("tries.none")}</p>}
    </aside>
  );
}
