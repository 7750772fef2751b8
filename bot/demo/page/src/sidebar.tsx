// The places to talk.

import { Checked, Padlock } from "./signs";
import type { Channel, State } from "./state";
import { useWords } from "./words";

type Props = { state: State; current: string; unread: Set<string>; onChoose: (id: string) => void };

export function Sidebar({ state, current, unread, onChoose }: Props) {
  const say = useWords();
  const rooms = state.channels.filter((channel) => channel.kind !== "dm");
  const direct = state.channels.filter((channel) => channel.kind === "dm");
  return (
    <nav className="sidebar" aria-label={say("channels")}>
      <h2>{say("channels")}</h2>
      <Places places={rooms} {...{ current, unread, onChoose }} />
      <h2>{say("apps")}</h2>
      <Places places={direct} {...{ current, unread, onChoose }} />
    </nav>
  );
}

function Places({ places, current, unread, onChoose }: Omit<Props, "state"> & { places: Channel[] }) {
  const say = useWords();
  return (
    <ul>
      {places.map((place) => (
        <li key={place.id}>
          <button
            aria-current={place.id === current ? "page" : undefined}
            onClick={() => onChoose(place.id)}
          >
            <span className="sign" aria-hidden="true">
              {place.kind === "public" ? "#" : place.kind === "private" ? <Padlock /> : <Checked />}
            </span>
            {place.name}
            {place.kind === "private" && <span className="hidden"> {say("channel.private")}</span>}
            {unread.has(place.id) && (
              <span className="unread">
                {say("unread")}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}
