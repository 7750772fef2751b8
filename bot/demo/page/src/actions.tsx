// What can be pressed: buttons, menus, and the question before a press.

import { useEffect, useRef, useState } from "react";
import { Choice, Options } from "./input";
import type { Outcome } from "./state";
import { useWords } from "./words";

export type Press = (actionId: string, option?: string) => Promise<Outcome>;
type Element = { type: string; action_id: string; [field: string]: any };

const FAILED = new Set(["operation_timeout", "dispatch_failed"]);

export function Actions({ elements, onPress }: { elements: Element[]; onPress: Press }) {
  return (
    <div className="actions">
      {elements.map((element) => (
        <Pressable key={element.action_id} element={element} onPress={onPress} />
      ))}
    </div>
  );
}

export function Pressable({ element, onPress }: { element: Element; onPress: Press }) {
  const say = useWords();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<{ option?: string } | null>(null);
  const [failure, setFailure] = useState("");
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);

  async function press(option?: string) {
    setAsking(null);
    setBusy(true);
    setFailure("");
    if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
    const { outcome } = await onPress(element.action_id, option);
    // The message may have been replaced by the answer to this press.
    if (!here.current) return;
    setBusy(false);
    if (outcome !== "ok") setFailure(FAILED.has(outcome) ? say(`failed.${outcome}`) : outcome);
  }
  const wish = (option?: string) => (element.confirm ? setAsking({ option }) : void press(option));

  return (
    <span className="pressable">
      <Control element={element} busy={busy} onWish={wish} />
      {failure && (
        <span className="failure" role="alert">
          {failure}
        </span>
      )}
      {asking && (
        <Confirm
          confirm={element.confirm}
          onYes={() => void press(asking.option)}
          onNo={() => setAsking(null)}
        />
      )}
    </span>
  );
}

type ControlProps = { element: Element; busy: boolean; onWish: (option?: string) => void };

function Control({ element, busy, onWish }: ControlProps) {
  const say = useWords();
  const [chosen, setChosen] = useState<string | null>(null);
  if (element.type === "button" || element.type === "icon_button") {
    return (
      <button
        type="button"
        className={`press ${element.style ?? ""}`}
        aria-label={element.accessibility_label}
        aria-busy={busy}
        aria-disabled={busy}
        data-action={element.action_id}
        onClick={() => !busy && onWish()}
      >
        {busy && <span className="spinner" aria-hidden="true" />}
        {element.text?.text}
      </button>
    );
  }
  if (element.type === "static_select" || element.type === "overflow") {
    const overflow = element.type === "overflow";
    return (
      <select
        className="press"
        disabled={busy}
        data-action={element.action_id}
        aria-label={element.placeholder?.text ?? say("more")}
        value={overflow ? "" : (chosen ?? element.initial_option?.value ?? "")}
        onChange={(event) => {
          setChosen(event.target.value);
          onWish(event.target.value);
        }}
      >
        <option value="" disabled>
          {element.placeholder?.text ?? "…"}
        </option>
        <Options element={element} />
      </select>
    );
  }
  if (element.type === "radio_buttons") {
    const choose = (value: string) => {
      setChosen(value);
      onWish(value);
    };
    return <Choice element={element} value={chosen ?? undefined} onValue={choose} />;
  }
  return <span className="unknown">{say("unknown.element", { type: element.type })}</span>;
}

function Confirm({ confirm, onYes, onNo }: { confirm: any; onYes: () => void; onNo: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="confirm" aria-label={confirm.title.text} onCancel={onNo}>
      <h2>{confirm.title.text}</h2>
      <p>{confirm.text.text}</p>
      <div className="actions">
        <button type="button" className="press" onClick={onNo}>
          {confirm.deny.text}
        </button>
        <button type="button" className={`press ${confirm.style ?? "primary"}`} onClick={onYes}>
          {confirm.confirm.text}
        </button>
      </div>
    </dialog>
  );
}
