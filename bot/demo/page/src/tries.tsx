// Things to try: a click types the command and sends it.

import { useState } from "react";
import type { Try } from "./state";

export function Tries({ tries, onTry }: { tries: Try[]; onTry: (command: string) => void }) {
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const shown = tries.filter((one) =>
    `${one.title} ${one.command} ${one.expected}`.toLowerCase().includes(wanted),
  );
  return (
    <aside className="tries" aria-label="Things to try">
      <h2>Things to try</h2>
      {tries.length > 8 && (
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter the things to try"
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
      {shown.length === 0 && <p>Nothing here. Type a command below the messages.</p>}
    </aside>
  );
}
