// Who looks, in which language, and on which way commands go to the bot.

import { Bulb, Menu, Moon, Sun } from "./signs";
import type { State, Transport } from "./state";
import type { Theme } from "./theme";
import { useWords } from "./words";

type Props = {
  state: State;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  onPerson: (id: string) => void;
  onLocale: (locale: string) => void;
  onZone: (tz: string) => void;
  onTransport: (transport: Transport) => void;
  onDrawer: (which: "channels" | "tries") => void;
  drawer: "channels" | "tries" | null;
};

function languageOf(locale: string): string {
  return new Intl.DisplayNames([locale], { type: "language" }).of(locale.split("-")[0]) ?? locale;
}

export function TopBar(props: Props) {
  const { state } = props;
  const say = useWords();
  const viewer = state.people.find((person) => person.id === state.viewer);
  return (
    <header className="topbar">
      <button
        className="only-narrow icon"
        aria-label={say("channels")}
        aria-expanded={props.drawer === "channels"}
        onClick={() => props.onDrawer("channels")}
      >
        <Menu />
      </button>
      <strong className="brand">tlscheck demo</strong>
      <fieldset className="people">
        <legend className="hidden">{say("people")}</legend>
        {state.people.map((person, index) => (
          <button
            key={person.id}
            aria-pressed={person.id === state.viewer}
            onClick={() => props.onPerson(person.id)}
          >
            {person.real_name}
            {index === 0 && <span className="you"> {say("you")}</span>}
          </button>
        ))}
      </fieldset>
      {state.locales.length > 1 && (
        <label className="choice">
          <span>{say("language")}</span>
          <select value={viewer?.locale} onChange={(event) => props.onLocale(event.target.value)}>
            {state.locales.map((locale) => (
              <option key={locale} value={locale} lang={locale}>
                {languageOf(locale)}
              </option>
            ))}
          </select>
        </label>
      )}
      {state.zones.length > 1 && (
        <label className="choice zone">
          <span>{say("zone")}</span>
          <select value={viewer?.tz} onChange={(event) => props.onZone(event.target.value)}>
            {state.zones.map((tz) => (
              <option key={tz} value={tz}>
                {tz.split("/").at(-1)?.replace("_", " ")}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="choice">
        <span>{say("way")}</span>
        <select
          value={state.transport}
          onChange={(event) => props.onTransport(event.target.value as Transport)}
        >
          <option value="auto">{say("way.auto")}</option>
          <option value="http" disabled={!state.ways.http}>
            HTTP
          </option>
          <option value="socket" disabled={!state.ways.socket}>
            Socket Mode
          </option>
          <option value="alternate" disabled={!state.ways.http || !state.ways.socket}>
            {say("way.both")}
          </option>
        </select>
      </label>
      <button
        className="icon"
        aria-label={say(props.theme === "dark" ? "light" : "dark")}
        onClick={() => props.onTheme(props.theme === "dark" ? "light" : "dark")}
      >
        {props.theme === "dark" ? <Sun /> : <Moon />}
      </button>
      <button
        className="only-narrow icon"
        aria-label={say("tries")}
        aria-expanded={props.drawer === "tries"}
        onClick={() => props.onDrawer("tries")}
      >
        <Bulb />
      </button>
    </header>
  );
}
