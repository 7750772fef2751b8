// The messages of a channel: who, when, what, and who sees it.

import { useEffect, useRef } from "react";
import type { Pending } from "./app";
import { Blocks } from "./blocks";
import { Files } from "./files";
import { Mrkdwn } from "./mrkdwn";
import { Checked, Eye } from "./signs";
import { act, type Channel, type Message, type State } from "./state";
import type { Theme } from "./theme";

type Props = {
  state: State;
  channel: Channel;
  messages: Message[];
  pending: Pending[];
  theme: Theme;
};

export function MessageList({ state, channel, messages, pending, theme }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const last = messages.at(-1)?.ts;
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

  const known = new Set(messages.map((message) => message.ts));
  const tops = messages.filter((message) => !message.thread_ts || message.thread_ts === message.ts || !known.has(message.thread_ts));
  const repliesTo = (ts: string) =>
    messages.filter((message) => message.thread_ts === ts && message.ts !== ts);

  return (
    <div className="messages" ref={list} role="log" aria-live="polite" aria-label="Messages" tabIndex={0}>
      {tops.length === 0 && pending.length === 0 && <Empty channel={channel} />}
      {tops.map((message) => (
        <div key={message.ts}>
          <OneMessage {...{ state, channel, message, theme }} />
          {repliesTo(message.ts).length > 0 && (
            <div className="thread" role="group" aria-label="Replies in the thread">
              {repliesTo(message.ts).map((reply) => (
                <OneMessage key={reply.ts} {...{ state, channel, theme }} message={reply} />
              ))}
            </div>
          )}
        </div>
      ))}
      {pending.map((one) => (
        <p className="pending" key={one.key} role="status">
          <span className="spinner" aria-hidden="true" />
          Sent <code>{one.text.length > 80 ? `${one.text.slice(0, 80)}…` : one.text}</code> to tlscheck
        </p>
      ))}
    </div>
  );
}

// Chooses the Japanese forms of shared characters.
const KANA = /[\u3040-\u30ff]/;

function Empty({ channel }: { channel: Channel }) {
  return (
    <div className="empty">
      <p>
        <strong>Nothing here yet.</strong>
      </p>
      <p>
        Type <code>/tlscheck</code> and a host below, or choose one of the things to try.
        {channel.kind !== "dm" && " The answer is yours alone until you share it."}
      </p>
    </div>
  );
}

function OneMessage({
  state,
  channel,
  message,
  theme,
}: Omit<Props, "messages" | "pending"> & { message: Message }) {
  const when = new Date(Number(message.ts) * 1000);
  const time = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
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
      aria-label={`${message.author}, ${time}${message.ephemeral ? ", only visible to you" : ""}`}
      data-ts={message.ts}
    >
      <div className={`avatar ${message.user === state.bot ? "bot" : ""}`} aria-hidden="true" data-of={message.author[0].toLowerCase()}>
        {message.user === state.bot ? <Checked /> : message.author[0].toUpperCase()}
      </div>
      <div className="body" lang={KANA.test(JSON.stringify([message.text, message.blocks])) ? "ja" : undefined}>
        {message.ephemeral && (
          <p className="only-you">
            <Eye /> Only visible to you
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
        {message.edited && <p className="edited">(edited)</p>}
        <Files files={message.files} />
        {message.reactions.length > 0 && (
          <p className="reactions">
            {message.reactions.map((name, index) => (
              <span key={index}>:{name}:</span>
            ))}
          </p>
        )}
      </div>
    </article>
  );
}
