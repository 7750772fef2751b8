// Blocks. Rich text, Markdown, pictures and the rarer kinds are drawn by slack-blocks-to-jsx; text
// and what can be pressed are drawn here: the library undoes escapes too early, and its buttons
// tell nobody. A kind that nobody knows leaves a visible mark.

import { Component, type ReactNode } from "react";
import { Message as Drawn } from "slack-blocks-to-jsx";
import { Actions, Pressable, type Press } from "./actions";
import { Link } from "./mrkdwn";
import { ImageBlock, Picture } from "./picture";
import type { Block, State } from "./state";
import { Alert, Context, Header, Section, Table } from "./texts";
import type { Theme } from "./theme";
import { useWords } from "./words";

type Props = { state: State; blocks: Block[]; theme: Theme; onPress: Press };

const DRAWN = new Set([
  "rich_text", "video", "file", "markdown", "card", "carousel", "container", "plan",
  "task_card", "data_visualization",
]);

export function Blocks({ state, blocks, theme, onPress }: Props) {
  return (
    <div className="blocks">
      {blocks.map((block, index) => (
        <Guard key={block.block_id ?? index} type={block.type}>
          <OneBlock {...{ state, block, theme, onPress }} />
        </Guard>
      ))}
    </div>
  );
}

function OneBlock({ state, block, theme, onPress }: Omit<Props, "blocks"> & { block: Block }) {
  const draw = (one: Block) => <Draw {...{ state, theme }} block={one} />;
  switch (block.type) {
    case "header":
      return <Header block={block} />;
    case "section":
      return <Section block={block} accessory={accessory(block.accessory, onPress)} />;
    case "context":
      return <Context block={block} />;
    case "alert":
      return <Alert block={block} />;
    case "table":
      return <Table block={block} rich={draw} />;
    case "image":
      return <ImageBlock block={block} />;
    case "divider":
      return <hr />;
    case "actions":
    case "context_actions":
      return <Actions elements={block.elements} onPress={onPress} />;
    default:
      return DRAWN.has(block.type) ? draw(block) : <Unknown type={block.type} />;
  }
}

function accessory(element: any, onPress: Press): ReactNode {
  if (!element) return undefined;
  if (element.type === "image") {
    return <Picture className="accessory" part={element} />;
  }
  return <Pressable element={element} onPress={onPress} />;
}

function Draw({ state, block, theme }: { state: State; block: Block; theme: Theme }) {
  return (
    <Drawn
      withoutWrapper
      logo=""
      name=""
      theme={theme}
      blocks={[block as never]}
      data={{
        users: [...state.people, { id: state.bot, name: "tlscheck" }].map(({ id, name }) => ({ id, name })),
        channels: state.channels.map(({ id, name }) => ({ id, name })),
      }}
      hooks={{ link: ({ href, children, className }) => <Link {...{ href, children, className }} /> }}
    />
  );
}

function Unknown({ type }: { type: string }) {
  const say = useWords();
  return (
    <p className="unknown" role="note">
      {say("unknown.block", { type: String(type) })}
    </p>
  );
}

type GuardProps = { type: string; children: ReactNode };

/** Keeps one block that cannot be drawn from taking the page with it. */
class Guard extends Component<GuardProps, { failed: boolean }> {
  state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  render() {
    return this.state.failed ? <Unknown type={this.props.type} /> : this.props.children;
  }
}
