// The inputs of modals and the Home tab: text, choices, dates, files.

import type { KeyboardEvent } from "react";
import { FileInput } from "./fileinput";
import type { Block } from "./state";
import { useWords } from "./words";

export type Value = string | string[];
export type Values = { [actionId: string]: Value };

type Props = {
  viewer: string;
  block: Block;
  error?: string;
  value?: Value;
  onValue: (value: Value) => void;
  onEnter?: (value: string) => void;
};

const TYPES: { [type: string]: string } = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
  datepicker: "date",
  timepicker: "time",
};

export function Input({ viewer, block, error, value, onValue, onEnter }: Props) {
  const say = useWords();
  const { element } = block;
  const id = `input-${block.block_id}-${element.action_id}`;
  const typed = (value as string) ?? element.initial_value ?? "";
  const common = {
    id,
    "aria-invalid": Boolean(error),
    "aria-describedby": `${id}-note`,
    required: !block.optional,
  };
  const text = {
    ...common,
    value: typed,
    minLength: element.min_length,
    maxLength: element.max_length,
    placeholder: element.placeholder?.text,
    "data-action": element.action_id,
    autoFocus: element.focus_on_load,
    onChange: (event: { target: { value: string } }) => onValue(event.target.value),
  };
  const enter = (event: KeyboardEvent) => {
    // Block Kit: dispatch_action, "on_enter_pressed"
    if (onEnter && event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (typed.trim()) onEnter(typed);
    }
  };
  const grouped = element.type === "radio_buttons" || element.type === "checkboxes";
  const label = (
    <>
      {block.label.text}
      {block.optional && <span className="optional"> {say("optional")}</span>}
    </>
  );
  return (
    <div className="input">
      {grouped ? <span className="label" id={`${id}-label`}>{label}</span> : <label htmlFor={id}>{label}</label>}
      {element.type === "file_input" ? (
        <FileInput {...{ element, viewer, common, onValue }} />
      ) : element.options || element.option_groups ? (
        <Choice {...{ element, value, onValue, common }} labelled={`${id}-label`} />
      ) : element.multiline ? (
        <textarea {...text} rows={5} />
      ) : (
        <input {...text} type={TYPES[element.type] ?? "text"} onKeyDown={enter} />
      )}
      <p className={error ? "failure" : "hint"} id={`${id}-note`} role={error ? "alert" : undefined}>
        {error ?? block.hint?.text}
      </p>
    </div>
  );
}

/** Radio buttons, check boxes or a menu; `initial` options stand until another is chosen. */
export function Choice({ element, value, onValue, common, labelled }: any) {
  const say = useWords();
  if (element.type === "checkboxes" || element.type === "multi_static_select") {
    const initial = (element.initial_options ?? []).map((one: any) => one.value);
    const chosen: string[] = value ?? initial;
    const toggle = (one: string, on: boolean) =>
      onValue(on ? [...chosen, one] : chosen.filter((other) => other !== one));
    return (
      <div role="group" aria-labelledby={labelled}>
        {element.options.map((one: any) => (
          <label key={one.value} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(one.value)}
              onChange={(event) => toggle(one.value, event.target.checked)}
            />
            <OptionText option={one} />
          </label>
        ))}
      </div>
    );
  }
  if (element.type === "radio_buttons") {
    const chosen = value ?? element.initial_option?.value;
    return (
      <div role="radiogroup" aria-labelledby={labelled} data-action={element.action_id}>
        {element.options.map((one: any) => (
          <label key={one.value} className="check">
            <input
              type="radio"
              name={common?.id ?? element.action_id}
              required={common?.required}
              checked={chosen === one.value}
              onChange={() => onValue(one.value)}
            />
            <OptionText option={one} />
          </label>
        ))}
      </div>
    );
  }
  return (
    <select
      {...common}
      data-action={element.action_id}
      value={value ?? element.initial_option?.value ?? ""}
      onChange={(event) => onValue(event.target.value)}
    >
      <option value="" disabled>
        {element.placeholder?.text ?? say("choose")}
      </option>
      <Options element={element} />
    </select>
  );
}

export function Options({ element }: { element: any }) {
  const plain = (options: any[]) =>
    options.map((one: any) => (
      <option key={one.value} value={one.value}>
        {one.text.text}
      </option>
    ));
  return (
    <>
      {plain(element.options ?? [])}
      {(element.option_groups ?? []).map((group: any, index: number) => (
        <optgroup key={index} label={group.label.text}>
          {plain(group.options)}
        </optgroup>
      ))}
    </>
  );
}

function OptionText({ option }: { option: any }) {
  return (
    <span>
      {option.text.text}
      {option.description && <small>{option.description.text}</small>}
    </span>
  );
}
