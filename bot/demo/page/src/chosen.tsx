// Files that were chosen, before they are sent: with Slack already, shared with nobody yet.

import { useState } from "react";
import { size } from "./files";
import { Clip, Cross } from "./signs";
import { act } from "./state";
import { useWords } from "./words";

export type Chosen = { id: string; name: string; size: number };

/** The files chosen so far, and what adds to them; `fail` says why one was not taken. */
export function useChosen(viewer: string, fail: (reason: string) => void) {
  const say = useWords();
  const [files, setFiles] = useState<Chosen[]>([]);
  const [busy, setBusy] = useState(0);

  async function add(list: FileList | File[] | null): Promise<Chosen[]> {
    const given = [...(list ?? [])];
    setBusy((before) => before + given.length);
    const taken: Chosen[] = [];
    for (const one of given) {
      const { outcome, file } = await act("upload", {
        viewer,
        name: one.name,
        content: await inBase64(one),
      });
      if (file) taken.push(file);
      else fail(say("file.refused", { name: one.name, reason: outcome }));
      setBusy((before) => before - 1);
    }
    setFiles((before) => [...before, ...taken]);
    return taken;
  }
  const remove = (id: string) => setFiles((before) => before.filter((one) => one.id !== id));
  return { files, busy: busy > 0, add, remove, clear: () => setFiles([]) };
}

export function ChosenList({ files, busy, onRemove }: {
  files: Chosen[];
  busy: boolean;
  onRemove: (id: string) => void;
}) {
  const say = useWords();
  if (files.length === 0 && !busy) return null;
  return (
    <ul className="chosen" aria-label={say("file.chosen")}>
      {files.map((file) => (
        <li key={file.id}>
          <Clip />
          <span>{file.name}</span>
          <small>{size(say, file.size)}</small>
          <button
            type="button"
            className="icon"
            aria-label={say("file.remove", { name: file.name })}
            onClick={() => onRemove(file.id)}
          >
            <Cross />
          </button>
        </li>
      ))}
      {busy && (
        <li role="status">
          <span className="spinner" aria-hidden="true" /> {say("file.uploading")}
        </li>
      )}
    </ul>
  );
}

async function inBase64(file: File): Promise<string> {
  const reader = new FileReader();
  await new Promise((done, failed) => {
    reader.onload = done;
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
  // "data:text/plain;base64,…"; an empty file has no comma.
  return String(reader.result).split(",")[1] ?? "";
}
