// The app's Home tab: what the bot published for the person who looks.

import { useState } from "react";
import type { Values } from "./input";
import type { State } from "./state";
import { Surface } from "./surface";
import type { Theme } from "./theme";
import { useWords } from "./words";

export function Home({ state, theme }: { state: State; theme: Theme }) {
  const say = useWords();
  const [values, setValues] = useState<Values>({});
  return (
    <section className="home" aria-label={say("tab.home")} tabIndex={0}>
      {state.home ? (
        <Surface view={state.home} values={values} onValues={setValues} {...{ state, theme }} />
      ) : (
        <p className="empty">{say("home.empty")}</p>
      )}
    </section>
  );
}
