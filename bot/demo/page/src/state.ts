// What the server tells the page, and what the page asks of it.

import { useEffect, useState } from "react";

export type Block = { type: string; block_id?: string; [field: string]: any };
export type Person = { id: string; name: string; real_name: string; locale: string; tz: string };
export type Channel = {
  id: string;
  name: string;
  kind: "public" | "private" | "dm";
  bot: boolean;
  archived: boolean;
};
export type FileShown = {
  id: string;
  name: string;
  title: string;
  size: number;
  url: string;
  image: string | null;
  alt: string;
  preview: string | null;
};
export type Message = {
  ts: string;
  user: string;
  author: string;
  is_bot: boolean;
  text: string;
  blocks: Block[];
  attachments: Block[];
  ephemeral: boolean;
  thread_ts: string | null;
  edited: boolean;
  files: FileShown[];
  reactions: string[];
};
export type View = {
  id: string;
  body: { [field: string]: any };
  errors: { [block: string]: string };
  root: string;
  below: boolean;
};
export type Try = { command: string; title: string; expected: string };
export type Hint = { command: string; does: string };
export type Step = {
  callback_id: string;
  title: string;
  description: string;
  inputs: { name: string; title: string; required: boolean }[];
};
export type Run = {
  id: string;
  callback_id: string;
  inputs: { [name: string]: string };
  status: "running" | "succeeded" | "failed";
  outputs: { [name: string]: unknown };
  error: string;
};
export type Lever = { host: string; states: string[]; now: string };
export type Transport = "auto" | "http" | "socket" | "alternate";
export type State = {
  viewer: string;
  bot: string;
  people: Person[];
  channels: Channel[];
  messages: { [channel: string]: Message[] };
  view: View | null;
  home: View | null;
  app: {
    home: boolean;
    opens_home: boolean;
    writable: boolean;
    shortcuts: { callback_id: string; name: string }[];
    steps: Step[];
  };
  runs: Run[];
  levers: Lever[];
  lang: string;
  words: { [key: string]: string };
  tries: Try[];
  hints: Hint[];
  locales: string[];
  zones: string[];
  install: string;
  transport: Transport;
  ways: { http: boolean; socket: number };
};
export type Outcome = {
  outcome: string;
  transport?: string;
  seconds?: number;
  file?: { id: string; name: string; size: number };
};

/** The state as `viewer` sees it, renewed whenever the server says that it changed. */
export function useServerState(viewer: string | null): { state: State | null; online: boolean } {
  const [state, setState] = useState<State | null>(null);
  const [online, setOnline] = useState(true);
  useEffect(() => {
    const query = viewer ? `?viewer=${encodeURIComponent(viewer)}` : "";
    const source = new EventSource(`page/events${query}`);
    source.onmessage = (event) => {
      setOnline(true);
      setState(JSON.parse(event.data));
    };
    source.onerror = () => setOnline(false);
    return () => source.close();
  }, [viewer]);
  return { state, online };
}

/** Ask the server to do something; an outcome that is not "ok" is one a person should see. */
export async function act(what: string, body: object): Promise<Outcome> {
  try {
    const response = await fetch(`page/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) return { outcome: (await response.text()) || `HTTP ${response.status}` };
    return await response.json();
  } catch {
    return { outcome: "The demo is not running any more." };
  }
}
