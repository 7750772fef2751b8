// The page's own words, in the language that the server gives them in.

import { createContext, useContext } from "react";

export type Words = { lang: string; tz: string; words: { [key: string]: string } };
export type Say = (key: string, values?: { [name: string]: string | number }) => string;

export const Spoken = createContext<Words>({ lang: "en", tz: "UTC", words: {} });

/** Gives the function that says a text by its name, its placeholders filled in. */
export function useWords(): Say & { lang: string; tz: string } {
  const { lang, tz, words } = useContext(Spoken);
  const say: Say = (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  return Object.assign(say, { lang, tz });
}

/** Hours and minutes, as the language writes them, where the person who looks is. */
export function clock(when: Date, { lang, tz }: { lang: string; tz: string }): string {
  const form = lang === "ja" ? "ja-JP" : "en-GB";
  return when.toLocaleTimeString(form, { hour: "2-digit", minute: "2-digit", timeZone: tz });
}
