// The page's own words, in the language that the server gives them in.

import { createContext, useContext } from "react";

export type Words = { lang: string; words: { [key: string]: string } };
export type Say = (key: string, values?: { [name: string]: string | number }) => string;

export const Spoken = createContext<Words>({ lang: "en", words: {} });

/** Gives the function that says a text by its name, its placeholders filled in. */
export function useWords(): Say & { lang: string } {
  const { lang, words } = useContext(Spoken);
  const say: Say = (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  return Object.assign(say, { lang });
}

/** Hours and minutes, as the language writes them. */
export function clock(when: Date, lang: string): string {
  return when.toLocaleTimeString(lang === "ja" ? "ja-JP" : "en-GB", { hour: "2-digit", minute: "2-digit" });
}
