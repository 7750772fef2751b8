// Blocks with inputs among them, as in a modal or the Home tab; what is typed goes with each press.

import { Blocks } from "./blocks";
import type { Press } from "./actions";
import { Input, type Value, type Values } from "./input";
import { act, type Block, type State, type View } from "./state";
import type { Theme } from "./theme";

type Props = {
  state: State;
  view: View;
  theme: Theme;
  values: Values;
  onValues: (values: Values) => void;
};

/** Only what still has an input or menu in the view counts: an update may have taken some away. */
export function standing(view: View, values: Values): Values {
  const shown = JSON.stringify(view.body.blocks);
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => shown.includes(JSON.stringify(name))),
  );
}

export function Surface({ state, view, theme, values, onValues }: Props) {
  const press: Press = (actionId, option) =>
    act("press", {
      viewer: state.viewer,
      view: view.id,
      action_id: actionId,
      option,
      values: standing(view, values),
    });
  return (
    <>
      {view.body.blocks.map((block: Block, index: number) =>
        block.type === "input" ? (
          <Input
            key={block.block_id ?? index}
            viewer={state.viewer}
            block={block}
            error={view.errors[block.block_id ?? ""]}
            value={values[block.element.action_id]}
            onValue={(value: Value) => onValues({ ...values, [block.element.action_id]: value })}
            onEnter={
              block.dispatch_action
                ? (value) => void press(block.element.action_id, value)
                : undefined
            }
          />
        ) : (
          <Blocks
            key={block.block_id ?? index}
            blocks={[block]}
            onPress={(actionId, option) => {
              if (option !== undefined) onValues({ ...values, [actionId]: option });
              return press(actionId, option);
            }}
            {...{ state, theme }}
          />
        ),
      )}
    </>
  );
}
