// The frame: top bar, sidebar, channel, things to try, modal.

import { useEffect, useRef, useState } from "react";
import { Composer } from "./composer";
import { Modal } from "./modal";
import { MessageList } from "./messages";
import { Names } from "./mrkdwn";
import { Sidebar } from "./sidebar";
import { useUnread } from "./unread";
import { act, useServerState, type Channel, type Outcome, type Transport } from "./state";
import { useTheme } from "./theme";
import { TopBar } from "./topbar";
import { Tries } from "./tries";

export type Pending = { key: number; text: string };

export function App() {
  const [viewer, setViewer] = useState<string | null>(null);
  const [channel, setChannel] = useState<string | null>(null);
  const [pending, setPending] = useState<Pending[]>([]);
  const [draft, setDraft] = useState("");
  const [notice, setNotice] = useState("");
  const [acknowledged, setAcknowledged] = useState("");
  const [drawer, setDrawer] = useState<"channels" | "tries" | null>(null);
  const { theme, setTheme } = useTheme();
  const { state, online } = useServerState(viewer);
  const unread = useUnread(state, channel ?? state?.channels[0].id);
  const input = useRef<HTMLTextAreaElement>(null);
  const counter = useRef(0);

  useEffect(() => {
    const escape = (event: KeyboardEvent) => event.key === "Escape" && setDrawer(null);
    window.addEventListener("keydown", escape);
    return () => window.removeEventListener("keydown", escape);
  }, []);

  useEffect(() => {
    document.title = online ? "tlscheck demo" : "tlscheck demo (stopped)";
  }, [online]);

  if (!state) return <p className="starting">Starting…</p>;
  const places = state.channels;
  const current = places.find((place) => place.id === channel) ?? places[0];

  async function send(text: string) {
    const typed = text.trim();
    if (!typed) return;
    setNotice("");
    const key = counter.current++;
    if (typed.startsWith("/")) setPending((before) => [...before, { key, text: typed }]);
    const result = await act("say", { viewer: state!.viewer, channel: current.id, text: typed });
    setPending((before) => before.filter((one) => one.key !== key));
    if (result.seconds !== undefined) setAcknowledged(told(result));
    if (!["ok", "operation_timeout", "dispatch_failed"].includes(result.outcome)) {
      setNotice(result.outcome);
    }
  }

  function tryOut(command: string) {
    setDrawer(null);
    setDraft("");
    void send(command);
    input.current?.focus();
  }

  function choosePerson(id: string) {
    setViewer(id);
    setPending([]);
    if (current.kind === "dm") setChannel(null);
  }

  return (
    <Names.Provider value={state}>
    <div className="frame" data-theme={theme} data-drawer={drawer ?? "none"}>
      <TopBar
        state={state}
        theme={theme}
        onTheme={setTheme}
        onPerson={choosePerson}
        onLocale={(locale) => void act("locale", { viewer: state.viewer, locale })}
        onTransport={(transport: Transport) => void act("transport", { transport })}
        onDrawer={(which) => setDrawer(drawer === which ? null : which)}
        drawer={drawer}
      />
      <Sidebar
        state={state}
        current={current.id}
        unread={unread}
        onChoose={(id) => {
          setChannel(id);
          setDrawer(null);
        }}
      />
      <main className="channel" aria-label={`Channel ${current.name}`}>
        <ChannelTitle
          name={current.kind === "public" ? `# ${current.name}` : current.name}
          note={noteOf(current)}
        />
        {!online && (
          <p className="banner" role="alert">
            The demo has stopped. Start it again and this page comes back by itself.
          </p>
        )}
        <MessageList
          key={`${state.viewer}/${current.id}`}
          state={state}
          channel={current}
          messages={state.messages[current.id] ?? []}
          pending={pending}
          theme={theme}
        />
        <Composer
          ref={input}
          place={current.kind === "dm" ? current.name : `#${current.name}`}
          draft={draft}
          onDraft={setDraft}
          onSend={(text) => {
            setDraft("");
            void send(text);
          }}
          notice={notice}
          acknowledged={acknowledged}
          hints={state.hints}
        />
      </main>
      <Tries tries={state.tries} onTry={tryOut} />
      {drawer && <button className="shade" aria-label="Close the panel" onClick={() => setDrawer(null)} />}
      {state.view && <Modal key={state.view.id} state={state} view={state.view} theme={theme} />}
    </div>
    </Names.Provider>
  );
}

function told({ outcome, transport, seconds }: Outcome): string {
  const way = transport === "socket" ? "Socket Mode" : "HTTP";
  const after = `${(seconds ?? 0).toFixed(2)} s`;
  return outcome === "ok" ? `Acknowledged after ${after} over ${way}` : `No answer over ${way} after ${after}`;
}

function noteOf({ kind, bot }: Channel): string {
  if (kind === "dm") return "Direct messages, seen by nobody else";
  return bot
    ? "tlscheck is a member here"
    : "tlscheck is not a member here: answers still work, files and posts of its own do not";
}

function ChannelTitle({ name, note }: { name: string; note: string }) {
  return (
    <header className="channel-title">
      <h1>{name}</h1>
      <p>{note}</p>
    </header>
  );
}
