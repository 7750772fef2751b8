// The frame: top bar, sidebar, the place one is in, what stands beside it, and the modal.

import { useEffect, useRef, useState } from "react";
import { Home } from "./home";
import { Modal } from "./modal";
import { Names } from "./mrkdwn";
import { Place } from "./place";
import { Sidebar } from "./sidebar";
import { act, useServerState, type Outcome, type Transport } from "./state";
import { useTheme } from "./theme";
import { Thread } from "./thread";
import { TopBar } from "./topbar";
import { Tries } from "./tries";
import { useUnread } from "./unread";
import { Spoken, type Say } from "./words";

export type Pending = { key: number; text: string };
type Tab = "home" | "messages";

export function App() {
  const [viewer, setViewer] = useState<string | null>(null);
  const [channel, setChannel] = useState<string | null>(null);
  const [tab, setTab] = useState<Tab>("messages");
  const [thread, setThread] = useState<string | null>(null);
  const [pending, setPending] = useState<Pending[]>([]);
  const [draft, setDraft] = useState("");
  const [notice, setNotice] = useState("");
  const [acknowledged, setAcknowledged] = useState<Outcome | null>(null);
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

  useEffect(() => {
    if (state) document.documentElement.lang = state.lang;
  }, [state?.lang]);

  if (!state) return <p className="starting">…</p>;
  const places = state.channels;
  const current = places.find((place) => place.id === channel) ?? places[0];
  const messages = state.messages[current.id] ?? [];
  const parent = messages.find((message) => message.ts === thread);
  const atHome = current.kind === "dm" && tab === "home" && state.app.home;

  const tz = state.people.find((person) => person.id === state.viewer)?.tz ?? "UTC";

  async function send(text: string, files: string[] = []) {
    const typed = text.trim();
    setNotice("");
    const key = counter.current++;
    if (typed.startsWith("/") && files.length === 0) setPending((before) => [...before, { key, text: typed }]);
    const sent = { viewer: state!.viewer, channel: current.id, text: typed, files };
    const result = await act("say", sent);
    setPending((before) => before.filter((one) => one.key !== key));
    if (result.seconds !== undefined) setAcknowledged(result);
    if (!["ok", "operation_timeout", "dispatch_failed"].includes(result.outcome)) {
      setNotice(result.outcome);
    }
  }

  function tryOut(command: string) {
    setDrawer(null);
    setDraft("");
    if (atHome) setTab("messages");
    void send(command);
    input.current?.focus();
  }

  function open(id: string) {
    setChannel(id);
    setThread(null);
    setDrawer(null);
    if (places.find((place) => place.id === id)?.kind === "dm") {
      openTab(state!.app.opens_home && !unread.has(id) ? "home" : "messages");
    }
  }

  function openTab(next: Tab) {
    setTab(next);
    void act("home", { viewer: state!.viewer, tab: next });
  }

  function choosePerson(id: string) {
    setViewer(id);
    setPending([]);
    setThread(null);
    if (current.kind === "dm") setChannel(null);
  }

  return (
    <Spoken.Provider value={{ lang: state.lang, words: state.words, tz }}>
      <Names.Provider value={state}>
        <div className="frame" data-theme={theme} data-drawer={drawer ?? "none"} data-thread={parent ? "open" : "none"}>
          <TopBar
            state={state}
            theme={theme}
            onTheme={setTheme}
            onPerson={choosePerson}
            onLocale={(locale) => void act("locale", { viewer: state.viewer, locale })}
            onZone={(tz) => void act("zone", { viewer: state.viewer, tz })}
            onTransport={(transport: Transport) => void act("transport", { transport })}
            onDrawer={(which) => setDrawer(drawer === which ? null : which)}
            drawer={drawer}
          />
          <Sidebar state={state} current={current.id} unread={unread} onChoose={open} />
          <Place
            key={`${state.viewer}/${current.id}`}
            {...{ state, theme, pending, draft, notice, acknowledged, online, input }}
            channel={current}
            messages={messages}
            tab={current.kind === "dm" && state.app.home ? (atHome ? "home" : "messages") : null}
            home={<Home state={state} theme={theme} />}
            onTab={openTab}
            onDraft={setDraft}
            onSend={(text, files) => {
              setDraft("");
              void send(text, files);
            }}
            onThread={setThread}
          />
          {parent && (
            <Thread
              key={parent.ts}
              {...{ state, theme, parent, messages }}
              channel={current}
              onClose={() => setThread(null)}
            />
          )}
          <Tries state={state} onTry={tryOut} />
          {drawer && <Shade onClose={() => setDrawer(null)} />}
          {state.view && (
            <Modal key={state.view.id} state={state} view={state.view} theme={theme} />
          )}
        </div>
      </Names.Provider>
    </Spoken.Provider>
  );
}

function Shade({ onClose }: { onClose: () => void }) {
  return <button className="shade" aria-label="×" onClick={onClose} />;
}

/** How the bot took a command: after how long, and over which way. */
export function told(say: Say, { outcome, transport, seconds }: Outcome): string {
  const way = transport === "socket" ? "Socket Mode" : "HTTP";
  const values = { way, seconds: (seconds ?? 0).toFixed(2) };
  return say(outcome === "ok" ? "acknowledged" : "unanswered", values);
}
