// A modal: its blocks, its inputs, and what sends it off or closes it.

import { useEffect, useRef, useState } from "react";
import { Blocks } from "./blocks";
import { Cross } from "./signs";
import { act, type Block, type State, type View } from "./state";
import type { Theme } from "./theme";

type Values = { [actionId: string]: string | string[] };

export function Modal({ state, view, theme }: { state: State; view: View; theme: Theme }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [values, setValues] = useState<Values>({});
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const { body } = view;

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  async function submit() {
    setBusy(true);
    setFailure("");
    const { outcome } = await act("submit", { viewer: state.viewer, view: view.id, values });
    setBusy(false);
    if (outcome !== "ok") {
      setFailure("We had some trouble connecting. Try again?");
    }
  }
  const close = () => void act("close", { viewer: state.viewer, view: view.id });
  const press = (actionId: string, option?: string) =>
    act("press", { viewer: state.viewer, view: view.id, action_id: actionId, option });

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
          <button type="button" className="icon" aria-label="Close" onClick={close}>
            <Cross />
          </button>
        </header>
        <div className="modal-body" tabIndex={0} aria-label="Content">
          {body.blocks.map((block: Block, index: number) =>
            block.type === "input" ? (
              <Input
                key={block.block_id ?? index}
                block={block}
                error={view.errors[block.block_id ?? ""]}
                value={values[block.element.action_id]}
                onValue={(value) => setValues({ ...values, [block.element.action_id]: value })}
              />
            ) : (
              <Blocks key={block.block_id ?? index} blocks={[block]} onPress={press} {...{ state, theme }} />
            ),
          )}
        </div>
        <footer>
          {failure && (
            <span className="failure" role="alert">
              {failure}
            </span>
          )}
          <button type="button" className="press" onClick={close}>
            {body.close?.text ?? (body.submit ? "Cancel" : "Close")}
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

type InputProps = {
  block: Block;
  error?: string;
  value?: string | string[];
  onValue: (value: string | string[]) => void;
};

function Input({ block, error, value, onValue }: InputProps) {
  const { element } = block;
  const id = `input-${element.action_id}`;
  const common = {
    id,
    "aria-invalid": Boolean(error),
    "aria-describedby": `${id}-note`,
    required: !block.optional,
  };
  const typed = (value as string) ?? element.initial_value ?? "";
  return (
    <div className="input">
      <label htmlFor={id}>
        {block.label.text}
        {block.optional && <span className="optional"> (optional)</span>}
      </label>
      {element.options ? (
        <Choice {...{ element, value, onValue, common }} />
      ) : element.multiline ? (
        <textarea
          {...common}
          rows={5}
          value={typed}
          maxLength={element.max_length}
          placeholder={element.placeholder?.text}
          onChange={(event) => onValue(event.target.value)}
        />
      ) : (
        <input
          {...common}
          type={TYPES[element.type] ?? "text"}
          value={typed}
          maxLength={element.max_length}
          placeholder={element.placeholder?.text}
          onChange={(event) => onValue(event.target.value)}
        />
      )}
      <p className={error ? "failure" : "hint"} id={`${id}-note`} role={error ? "alert" : undefined}>
        {error ?? block.hint?.text}
      </p>
    </div>
  );
}

const TYPES: { [type: string]: string } = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
  datepicker: "date",
  timepicker: "time",
};

function Choice({ element, value, onValue, common }: any) {
  if (element.type === "checkboxes") {
    const initial = (element.initial_options ?? []).map((one: any) => one.value);
    const chosen: string[] = value ?? initial;
    return (
      <div role="group">
        {element.options.map((one: any) => (
          <label key={one.value} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(one.value)}
              onChange={(event) =>
                onValue(
                  event.target.checked
                    ? [...chosen, one.value]
                    : chosen.filter((other) => other !== one.value),
                )
              }
            />
            {one.text.text}
          </label>
        ))}
      </div>
    );
  }
  return (
    <select
      {...common}
      value={value ?? element.initial_option?.value ?? ""}
      onChange={(event) => onValue(event.target.value)}
    >
      <option value="" disabled>
        {element.placeholder?.text ?? "Choose"}
      </option>
      {element.options.map((one: any) => (
        <option key={one.value} value={one.value}>
          {one.text.text}
        </option>
      ))}
    </select>
  );
}
