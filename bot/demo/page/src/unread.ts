// Which places have messages that the person who looks has not seen.

import { useEffect, useRef, useState } from "react";
import type { State } from "./state";

export function useUnread(state: State | null, current: string | undefined): Set<string> {
  const seen = useRef(new Map<string, string>());
  const [unread, setUnread] = useState(new Set<string>());
  useEffect(() => {
    if (!state) return;
    const fresh = new Set<string>();
    for (const { id } of state.channels) {
      const key = `${state.viewer}/${id}`;
      const newest = state.messages[id]?.at(-1)?.ts ?? "";
      if (id === current) seen.current.set(key, newest);
      else if (newest > (seen.current.get(key) ?? "")) fresh.add(id);
    }
    setUnread(fresh);
  }, [state, current]);
  return unread;
}
