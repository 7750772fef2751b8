// What can be done with a message: answer in its thread, the app's shortcuts, take it away.

import { useEffect, useRef, useState } from "react";
import { Bubble, Dots } from "./signs";
import { act, type Channel, type Message, type State } from "./state";
import { useWords } from "./words";

type Props = {
  state: State;
  channel: Channel;
  message: Message;
  onThread?: (ts: string) => void;
};

export function MessageMenu({ state, channel, message, onThread }: Props) {
  const say = useWords();
  const [open, setOpen] = useState(false);
  const [failure, setFailure] = useState("");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    window.addEventListener("pointerdown", away);
    return () => window.removeEventListener("pointerdown", away);
  }, [open]);

  async function choose(what: string, more: object = {}) {
    setOpen(false);
    setFailure("");
    const place = { viewer: state.viewer, channel: channel.id, ts: message.ts };
    const { outcome } = await act(what, { ...place, ...more });
    if (outcome !== "ok") setFailure(say(`failed.${outcome}`));
  }

  function keys(event: React.KeyboardEvent) {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape") setOpen(false);
    else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items.at(at - 1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const own = message.user === state.viewer || message.user === state.bot;
  return (
    <div className={open ? "message-menu open" : "message-menu"} ref={box} onKeyDown={open ? keys : undefined}>
      {onThread && (
        <button className="icon" aria-label={say("thread.open")} title={say("thread.open")} onClick={() => onThread(message.ts)}>
          <Bubble />
        </button>
      )}
      <button
        className="icon"
        aria-label={say("more")}
        title={say("more")}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Dots />
      </button>
      {open && (
        <div className="menu" role="menu" aria-label={say("more")}>
          {state.app.shortcuts.map(({ callback_id, name }) => (
            <button key={callback_id} role="menuitem" onClick={() => void choose("shortcut", { callback_id })}>
              {name} <small>tlscheck</small>
            </button>
          ))}
          {own && (
            <button role="menuitem" className="danger" onClick={() => void choose("delete")}>
              {say("delete")}
            </button>
          )}
          {!own && state.app.shortcuts.length === 0 && <p>{say("more.none")}</p>}
        </div>
      )}
      {failure && (
        <span className="failure" role="alert">
          {failure}
        </span>
      )}
    </div>
  );
}
