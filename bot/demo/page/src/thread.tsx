// A thread: the message, what stands under it, and where one answers. No commands here, as in Slack.

import { useEffect, useRef, useState } from "react";
import { Composer } from "./composer";
import { OneMessage } from "./messages";
import { Cross } from "./signs";
import { act, type Channel, type Message, type State } from "./state";
import type { Theme } from "./theme";
import { useWords } from "./words";

type Props = {
  state: State;
  channel: Channel;
  parent: Message;
  messages: Message[];
  theme: Theme;
  onClose: () => void;
};

export function Thread({ state, channel, parent, messages, theme, onClose }: Props) {
  const say = useWords();
  const [draft, setDraft] = useState("");
  const [notice, setNotice] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const replies = messages.filter((one) => one.thread_ts === parent.ts && one.ts !== parent.ts);
  const last = replies.at(-1)?.ts;
  useEffect(() => box.current?.focus(), []);
  useEffect(() => {
    const shown = list.current;
    const newest = shown?.querySelector<HTMLElement>(`[data-ts="${last}"]`);
    if (shown && newest && newest.offsetHeight > shown.clientHeight) newest.scrollIntoView();
    else if (shown && last) shown.scrollTop = shown.scrollHeight;
  }, [last]);

  async function send(text: string, files: string[]) {
    setDraft("");
    setNotice("");
    const sent = { viewer: state.viewer, channel: channel.id, text, thread_ts: parent.ts, files };
    const { outcome } = await act("say", sent);
    if (outcome !== "ok") setNotice(outcome);
  }

  const name = channel.kind === "dm" ? channel.name : `#${channel.name}`;
  return (
    <aside
      className="thread-panel"
      aria-label={say("thread.title")}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header>
        <h2>
          {say("thread.title")} <small>{name}</small>
        </h2>
        <button className="icon" aria-label={say("thread.close")} onClick={onClose}>
          <Cross />
        </button>
      </header>
      <div className="messages" ref={list} role="log" aria-label={say("thread.title")} tabIndex={0}>
        <OneMessage {...{ state, channel, theme }} message={parent} />
        {replies.length > 0 && <p className="count">{count(say, replies.length)}</p>}
        {replies.map((reply) => (
          <OneMessage key={reply.ts} {...{ state, channel, theme }} message={reply} />
        ))}
      </div>
      {channel.archived ? (
        <p className="closed">{say("channel.archived")}</p>
      ) : (
        <Composer
          ref={box}
          viewer={state.viewer}
          label={say("thread.reply")}
          placeholder={say(channel.kind === "dm" ? "thread.placeholder.dm" : "thread.placeholder")}
          draft={draft}
          onDraft={setDraft}
          onSend={(text, files) => void send(text, files)}
          notice={notice}
          acknowledged=""
          hints={[]}
        />
      )}
    </aside>
  );
}

export function count(say: ReturnType<typeof useWords>, n: number): string {
  return say(n === 1 ? "replies.one" : "replies.many", { n });
}
