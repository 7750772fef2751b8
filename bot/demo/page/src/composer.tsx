// Where one types. Enter sends, Shift+Enter makes a new line, "/" shows what the bot offers, files can
// be attached.

import { forwardRef, useId, useState, type KeyboardEvent } from "react";
import { ChosenList, useChosen } from "./chosen";
import { Arrow, Clip } from "./signs";
import type { Hint } from "./state";
import { useWords } from "./words";

type Props = {
  viewer: string;
  label: string;
  placeholder: string;
  draft: string;
  onDraft: (text: string) => void;
  onSend: (text: string, files: string[]) => void;
  notice: string;
  acknowledged: string;
  hints: Hint[];
};

export const Composer = forwardRef<HTMLTextAreaElement, Props>(function Composer(props, ref) {
  const { draft, onDraft, onSend } = props;
  const say = useWords();
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const [last, setLast] = useState("");
  const [refused, setRefused] = useState("");
  const { files, busy, add, remove, clear } = useChosen(props.viewer, setRefused);
  const notice = refused || props.notice;
  const offers =
    draft.startsWith("/") && !closed
      ? props.hints.filter(({ command }) => command.startsWith(draft) && command !== draft)
      : [];
  const at = Math.min(chosen, offers.length - 1);

  function send() {
    if (busy || (!draft.trim() && files.length === 0)) return;
    setClosed(false);
    setLast(draft);
    setRefused("");
    onSend(draft, files.map(({ id }) => id));
    clear();
  }

  function keys(event: KeyboardEvent<HTMLTextAreaElement>) {
    // While a Japanese word is being converted, Enter belongs to the input method.
    if (event.nativeEvent.isComposing) return;
    if (offers.length > 0) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : offers.length - 1;
        setChosen((at + step) % offers.length);
        return;
      }
      if (event.key === "Tab") {
        event.preventDefault();
        onDraft(offers[at].command);
        return;
      }
      if (event.key === "Escape") {
        setClosed(true);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
    if (event.key === "ArrowUp" && !draft && last) {
      event.preventDefault();
      onDraft(last);
    }
  }

  return (
    <div className="composer">
      {offers.length > 0 && (
        <ul className="offers" role="listbox" aria-label={say("composer.commands")} id={`${id}-offers`}>
          {offers.map(({ command, does }, index) => (
            <li
              key={command}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at}
              onMouseDown={(event) => {
                event.preventDefault();
                onDraft(command);
              }}
            >
              <code>{command.trim()}</code> <span>{does}</span>
            </li>
          ))}
          <li className="keys" role="presentation">
            {say("composer.keys")}
          </li>
        </ul>
      )}
      {notice && (
        <p className="notice" role="alert">
          {notice}
        </p>
      )}
      <ChosenList {...{ files, busy }} onRemove={remove} />
      <form
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void add(event.dataTransfer.files);
        }}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label className="attach" title={say("file.attach")}>
          <input
            type="file"
            multiple
            className="hidden"
            aria-label={say("file.attach")}
            onChange={(event) => {
              void add(event.target.files);
              event.target.value = "";
            }}
          />
          <Clip />
        </label>
        <textarea
          ref={ref}
          rows={Math.min(6, draft.split("\n").length)}
          value={draft}
          placeholder={props.placeholder}
          aria-label={props.label}
          aria-controls={offers.length > 0 ? `${id}-offers` : undefined}
          aria-activedescendant={offers.length > 0 ? `${id}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setClosed(false);
            onDraft(event.target.value);
          }}
          onKeyDown={keys}
        />
        <button type="submit" aria-label={say("composer.send")} disabled={busy || (!draft.trim() && files.length === 0)}>
          <Arrow />
        </button>
      </form>
      <p className="acknowledged" role="status">
        {props.acknowledged}
      </p>
    </div>
  );
});
