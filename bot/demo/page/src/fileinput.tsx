// A window's place for files: what may be chosen, and what was.

import { useState } from "react";
import { ChosenList, useChosen, type Chosen } from "./chosen";
import type { Block } from "./state";
import { useWords } from "./words";

type Props = {
  element: Block;
  viewer: string;
  common: { id: string; required: boolean; [attribute: string]: unknown };
  onValue: (ids: string[]) => void;
};

// Slack: "File input element", "There is a 10MB file size limit"; max_files "Defaults to 10"
const MOST_BYTES = 10_000_000;
const MOST_FILES = 10;

export function FileInput({ element, viewer, common, onValue }: Props) {
  const say = useWords();
  const [failure, setFailure] = useState("");
  const { files, busy, add, remove } = useChosen(viewer, setFailure);
  const most: number = element.max_files ?? MOST_FILES;
  const types: string[] | undefined = element.filetypes;
  const tell = (left: Chosen[]) => onValue(left.map(({ id }) => id));

  async function choose(list: FileList | null) {
    const given = [...(list ?? [])];
    const ending = (name: string) => name.split(".").pop()!.toLowerCase();
    setFailure("");
    if (files.length + given.length > most) setFailure(say("file.many", { n: most }));
    else if (given.some((one) => one.size > MOST_BYTES)) setFailure(say("file.large"));
    else if (types && given.some((one) => !types.includes(ending(one.name))))
      setFailure(say("file.type", { types: types.join(", ") }));
    else tell([...files, ...(await add(given))]);
  }

  return (
    <div
      className="drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void choose(event.dataTransfer.files);
      }}
    >
      <ChosenList
        {...{ files, busy }}
        onRemove={(id) => {
          remove(id);
          tell(files.filter((one) => one.id !== id));
        }}
      />
      {files.length < most && (
        <p>
          <input
            {...common}
            type="file"
            className="hidden"
            required={common.required && files.length === 0}
            multiple={most > 1}
            accept={types?.map((one) => `.${one}`).join(",")}
            data-action={element.action_id}
            onChange={(event) => {
              void choose(event.target.files);
              event.target.value = "";
            }}
          />
          <label className="press" htmlFor={common.id}>
            {say("file.choose")}
          </label>{" "}
          <small>{types ? say("file.drop.types", { types: types.join(", ") }) : say("file.drop")}</small>
        </p>
      )}
      {failure && (
        <p className="failure" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
