// Blocks. What only shows something is drawn by slack-blocks-to-jsx; what can be pressed is drawn
// here, because the library's buttons tell nobody. A kind that nobody knows leaves a visible mark.

import { Component, type ReactNode } from "react";
import { Message as Drawn } from "slack-blocks-to-jsx";
import { Actions, Pressable, type Press } from "./actions";
import type { Block, State } from "./state";
import type { Theme } from "./theme";

type Props = { state: State; blocks: Block[]; theme: Theme; onPress: Press };

const DRAWN = new Set([
  "section", "divider", "image", "context", "header", "rich_text", "video", "table", "file",
  "markdown", "alert", "card", "carousel", "container", "plan", "task_card", "data_visualization",
]);
const PRESSED = new Set(["button", "overflow", "static_select"]);

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

/** One text of Slack's own markup. */
export function Mrkdwn({ state, text, theme }: { state: State; text: string; theme: Theme }) {
  const block = { type: "section", text: { type: "mrkdwn", text } };
  return (
    <Guard type="text" fallback={<p>{text}</p>}>
      <Draw {...{ state, block, theme }} />
    </Guard>
  );
}

function OneBlock({ state, block, theme, onPress }: Omit<Props, "blocks"> & { block: Block }) {
  if (block.type === "actions" || block.type === "context_actions") {
    return <Actions elements={block.elements} onPress={onPress} />;
  }
  if (block.type === "section" && PRESSED.has(block.accessory?.type)) {
    const { accessory, ...rest } = block;
    return (
      <div className="with-accessory">
        <Draw {...{ state, theme }} block={rest as Block} />
        <Pressable element={accessory} onPress={onPress} />
      </div>
    );
  }
  if (DRAWN.has(block.type)) return <Draw {...{ state, block, theme }} />;
  return <Unknown type={block.type} />;
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

function Link({ href, children, className }: { href?: string; children?: ReactNode; className?: string }) {
  // Whatever a certificate said, only these lead anywhere.
  if (!/^(https?:|mailto:)/i.test(href ?? "")) return <span className={className}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" className={className}>
      {children}
    </a>
  );
}

function Unknown({ type }: { type: string }) {
  return (
    <p className="unknown" role="note">
      This page cannot draw a block of the type “{String(type)}”.
    </p>
  );
}

type GuardProps = { type: string; fallback?: ReactNode; children: ReactNode };

/** Keeps one block that cannot be drawn from taking the page with it. */
class Guard extends Component<GuardProps, { failed: boolean }> {
  state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  render() {
    if (!this.state.failed) return this.props.children;
    return this.props.fallback ?? <Unknown type={this.props.type} />;
  }
}
