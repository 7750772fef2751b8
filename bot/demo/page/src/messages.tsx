// The messages of a channel: who, when, what, and who sees it.

import { useEffect, useRef } from "react";
import type { Pending } from "./app";
import { Attachments } from "./attachments";
import { Blocks } from "./blocks";
import { Files } from "./files";
import { MessageMenu } from "./menu";
import { Mrkdwn } from "./mrkdwn";
import { Checked, Eye } from "./signs";
import { act, type Channel, type Message, type State } from "./state";
import type { Theme } from "./theme";
import { count } from "./thread";
import { clock, useWords } from "./words";

type Props = {
  state: State;
  channel: Channel;
  messages: Message[];
  pending: Pending[];
  theme: Theme;
  onThread: (ts: string) => void;
};

export function MessageList({ state, channel, messages, pending, theme, onThread }: Props) {
  const say = useWords();
  const list = useRef<HTMLDivElement>(null);
  const known = new Set(messages.map((message) => message.ts));
  const tops = messages.filter(
    (message) => !message.thread_ts || message.thread_ts === message.ts || !known.has(message.thread_ts),
  );
  const last = tops.at(-1)?.ts;
  useEffect(() => {
    const box = list.current;
    if (!box) return;
    // A long answer is read from its first line.
    const newest = box.querySelector<HTMLElement>(`[data-ts="${last}"]`);
    if (pending.length === 0 && newest && newest.offsetHeight > box.clientHeight) {
      newest.scrollIntoView({ block: "start" });
    } else {
      box.scrollTop = box.scrollHeight;
    }
  }, [last, pending.length]);

  return (
    <div className="messages" ref={list} role="log" aria-live="polite" aria-label={say("messages")} tabIndex={0}>
      {tops.length === 0 && pending.length === 0 && <Empty channel={channel} />}
      {tops.map((message) => (
        <OneMessage
          key={message.ts}
          {...{ state, channel, message, theme, onThread }}
          replies={messages.filter((one) => one.thread_ts === message.ts && one.ts !== message.ts)}
        />
      ))}
      {pending.map((one) => (
        <p className="pending" key={one.key} role="status">
          <span className="spinner" aria-hidden="true" />
          {say("sent")} <code>{one.text.length > 80 ? `${one.text.slice(0, 80)}…` : one.text}</code>
        </p>
      ))}
    </div>
  );
}

// Chooses the Japanese forms of shared characters.
const KANA = /[\u3040-\u30ff]/;

function Empty({ channel }: { channel: Channel }) {
  const say = useWords();
  return (
    <div className="empty">
      <p>
        <strong>{say("empty")}</strong>
      </p>
      <p>{say(channel.kind === "dm" ? "empty.dm" : "empty.channel")}</p>
    </div>
  );
}

type Shown = Pick<Props, "state" | "channel" | "theme"> & {
  message: Message;
  replies?: Message[];
  onThread?: (ts: string) => void;
};

export function OneMessage({ state, channel, message, theme, replies = [], onThread }: Shown) {
  const say = useWords();
  const when = new Date(Number(message.ts) * 1000);
  const time = clock(when, say);
  const press = (actionId: string, option?: string) =>
    act("press", {
      viewer: state.viewer,
      channel: channel.id,
      ts: message.ts,
      action_id: actionId,
      option,
    });
  const empty = message.blocks.length === 0;
  return (
    <article
      className={message.ephemeral ? "message ephemeral" : "message"}
      aria-label={`${message.author}, ${time}${message.ephemeral ? `, ${say("only.you").toLowerCase()}` : ""}`}
      data-ts={message.ts}
    >
      <div className={`avatar ${message.user === state.bot ? "bot" : ""}`} aria-hidden="true" data-of={message.author[0].toLowerCase()}>
        {message.user === state.bot ? <Checked /> : message.author[0].toUpperCase()}
      </div>
      <div className="body" lang={KANA.test(JSON.stringify([message.text, message.blocks])) ? "ja" : undefined}>
        {message.ephemeral && (
          <p className="only-you">
            <Eye /> {say("only.you")}
          </p>
        )}
        <p className="by">
          <strong>{message.author}</strong>
          {message.is_bot && <span className="badge">APP</span>}
          <time dateTime={when.toISOString()}>{time}</time>
        </p>
        {empty ? (
          message.text && <Mrkdwn text={message.text} />
        ) : (
          <Blocks state={state} blocks={message.blocks} theme={theme} onPress={press} />
        )}
        <Attachments attachments={message.attachments} {...{ state, theme }} onPress={press} />
        {message.edited && <p className="edited">{say("edited")}</p>}
        <Files files={message.files} />
        {message.reactions.length > 0 && (
          <p className="reactions">
            {message.reactions.map((name, index) => (
              <span key={index}>:{name}:</span>
            ))}
          </p>
        )}
        {replies.length > 0 && onThread && (
          <button className="replies" onClick={() => onThread(message.ts)}>
            {count(say, replies.length)}
            <small>
              {say("replies.last", { time: clock(new Date(Number(replies.at(-1)!.ts) * 1000), say) })}
            </small>
          </button>
        )}
      </div>
      {!message.ephemeral && <MessageMenu {...{ state, channel, message, onThread }} />}
    </article>
  );
}
