// The places to talk.

import { Padlock } from "./signs";
import type { Channel, State } from "./state";

type Props = { state: State; current: string; unread: Set<string>; onChoose: (id: string) => void };

export function Sidebar({ state, current, unread, onChoose }: Props) {
  const rooms = state.channels.filter((channel) => channel.kind !== "dm");
  const direct = state.channels.filter((channel) => channel.kind === "dm");
  return (
    <nav className="sidebar" aria-label="Channels">
      <h2>Channels</h2>
      <Places places={rooms} {...{ current, unread, onChoose }} />
      <h2>Direct messages</h2>
      <Places places={direct} {...{ current, unread, onChoose }} />
    </nav>
  );
}

function Places({ places, current, unread, onChoose }: Omit<Props, "state"> & { places: Channel[] }) {
  return (
    <ul>
      {places.map((place) => (
        <li key={place.id}>
          <button
            aria-current={place.id === current ? "page" : undefined}
            onClick={() => onChoose(place.id)}
          >
            <span className="sign" aria-hidden="true">
              {place.kind === "public" ? "#" : place.kind === "private" ? <Padlock /> : "●"}
            </span>
            {place.name}
            {place.kind === "private" && <span className="hidden"> (private)</span>}
            {unread.has(place.id) && (
              <span className="unread">
                new<span className="hidden"> messages</span>
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}
