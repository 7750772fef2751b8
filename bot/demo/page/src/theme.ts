// Light or dark: the system's choice until the person makes one.

import { useEffect, useState } from "react";

export type Theme = "light" | "dark";

const KEY = "tlscheck-theme";

export function useTheme(): { theme: Theme; setTheme: (theme: Theme) => void } {
  const [chosen, setChosen] = useState<Theme | null>(() => {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  });
  const [system, setSystem] = useState<Theme>("light");
  useEffect(() => {
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setSystem(query.matches ? "dark" : "light");
    follow();
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  const theme = chosen ?? system;
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return {
    theme,
    setTheme: (next) => {
      localStorage.setItem(KEY, next);
      setChosen(next);
    },
  };
}
