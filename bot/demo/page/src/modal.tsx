// A modal: its blocks, its inputs, and what sends it off or closes it.

import { useEffect, useRef, useState } from "react";
import type { Values } from "./input";
import { Cross } from "./signs";
import { act, type State, type View } from "./state";
import { standing, Surface } from "./surface";
import type { Theme } from "./theme";
import { useWords } from "./words";

export function Modal({ state, view, theme }: { state: State; view: View; theme: Theme }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [values, setValues] = useState<Values>({});
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const { body } = view;
  const say = useWords();

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  async function submit() {
    setBusy(true);
    setFailure("");
    const { outcome } = await act("submit", { viewer: state.viewer, view: view.id, values: standing(view, values) });
    setBusy(false);
    if (outcome !== "ok") {
      setFailure(say("modal.trouble"));
    }
  }
  const close = () => void act("close", { viewer: state.viewer, view: view.id });

  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby="modal-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <h2 id="modal-title">{body.title.text}</h2>
          <button type="button" className="icon" aria-label={say("modal.close")} onClick={close}>
            <Cross />
          </button>
        </header>
        <div className="modal-body" tabIndex={0} aria-label={say("modal.content")}>
          <Surface {...{ state, view, theme, values }} onValues={setValues} />
        </div>
        <footer>
          {failure && (
            <span className="failure" role="alert">
              {failure}
            </span>
          )}
          <button type="button" className="press" onClick={close}>
            {body.close?.text ?? say(view.below ? "modal.back" : body.submit ? "modal.cancel" : "modal.close")}
          </button>
          {body.submit && (
            <button type="submit" className="press primary" disabled={busy}>
              {busy && <span className="spinner" aria-hidden="true" />}
              {body.submit.text}
            </button>
          )}
        </footer>
      </form>
    </dialog>
  );
}
