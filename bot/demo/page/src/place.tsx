// A channel or the app's own place: its title and tabs, its messages, and where one types.

import type { ReactNode, RefObject } from "react";
import { told, type Pending } from "./app";
import { Composer } from "./composer";
import { MessageList } from "./messages";
import { act, type Channel, type Message, type Outcome, type State } from "./state";
import type { Theme } from "./theme";
import { useWords } from "./words";

type Props = {
  state: State;
  channel: Channel;
  messages: Message[];
  pending: Pending[];
  theme: Theme;
  draft: string;
  notice: string;
  acknowledged: Outcome | null;
  online: boolean;
  input: RefObject<HTMLTextAreaElement | null>;
  tab: "home" | "messages" | null;
  home: ReactNode;
  onTab: (tab: "home" | "messages") => void;
  onDraft: (text: string) => void;
  onSend: (text: string, files: string[]) => void;
  onThread: (ts: string) => void;
};

export function Place(props: Props) {
  const { state, channel, tab } = props;
  const say = useWords();
  const name = channel.kind === "public" ? `#${channel.name}` : channel.name;
  return (
    <main className="channel" aria-label={say("channel.label", { name: channel.name })}>
      <Title channel={channel} tab={tab} onTab={props.onTab} />
      {!props.online && (
        <p className="banner" role="alert">
          {say("stopped")}
        </p>
      )}
      {tab === "home" ? (
        props.home
      ) : (
        <>
          <MessageList
            {...{ state, channel, theme: props.theme, pending: props.pending }}
            messages={props.messages}
            onThread={props.onThread}
          />
          {channel.archived ? (
            <p className="closed">{say("channel.archived")}</p>
          ) : tab && !state.app.writable ? (
            <p className="closed">{say("messages.off")}</p>
          ) : (
            <Composer
              ref={props.input}
              viewer={state.viewer}
              label={say("composer.label", { place: name })}
              placeholder={say("composer.placeholder", { place: name })}
              draft={props.draft}
              onDraft={props.onDraft}
              onSend={props.onSend}
              notice={props.notice}
              acknowledged={props.acknowledged ? told(say, props.acknowledged) : ""}
              hints={state.hints}
            />
          )}
        </>
      )}
    </main>
  );
}

function Title({ channel, tab, onTab }: { channel: Channel } & Pick<Props, "tab" | "onTab">) {
  const say = useWords();
  const note =
    channel.kind === "dm" ? "note.dm" : channel.bot ? "note.member" : "note.stranger";
  return (
    <header className="channel-title">
      <div>
        <h1>{channel.kind === "public" ? `# ${channel.name}` : channel.name}</h1>
        <p>{say(note)}</p>
        {tab && (
          <div className="tabs" role="tablist">
            {(["home", "messages"] as const).map((one) => (
              <button key={one} role="tab" aria-selected={one === tab} onClick={() => onTab(one)}>
                {say(`tab.${one}`)}
              </button>
            ))}
          </div>
        )}
      </div>
      {channel.kind !== "dm" && <Settings channel={channel} />}
    </header>
  );
}

function Settings({ channel }: { channel: Channel }) {
  const say = useWords();
  return (
    <div className="settings">
      <button
        className="press"
        onClick={() => void act("membership", { channel: channel.id, member: !channel.bot })}
      >
        {say(channel.bot ? "channel.remove" : "channel.invite")}
      </button>
      <button
        className="press"
        onClick={() => void act("archive", { channel: channel.id, archived: !channel.archived })}
      >
        {say(channel.archived ? "channel.unarchive" : "channel.archive")}
      </button>
    </div>
  );
}
