// Where one types. Enter sends, Shift+Enter makes a new line, "/" shows what the bot offers.

import { forwardRef, useId, useState, type KeyboardEvent } from "react";
import { Arrow } from "./signs";
import type { Hint } from "./state";
import { useWords } from "./words";

type Props = {
  label: string;
  placeholder: string;
  draft: string;
  onDraft: (text: string) => void;
  onSend: (text: string) => void;
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
  const offers =
    draft.startsWith("/") && !closed
      ? props.hints.filter(({ command }) => command.startsWith(draft) && command !== draft)
      : [];
  const at = Math.min(chosen, offers.length - 1);

  function send() {
    setClosed(false);
    setLast(draft);
    onSend(draft);
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
      {props.notice && (
        <p className="notice" role="alert">
          {props.notice}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
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
        <button type="submit" aria-label={say("composer.send")} disabled={!draft.trim()}>
          <Arrow />
        </button>
      </form>
      <p className="acknowledged" role="status">
        {props.acknowledged}
      </p>
    </div>
  );
});
