// Attachments: what older apps, alert systems among them, send in place of blocks.

import type { Press } from "./actions";
import { Blocks } from "./blocks";
import { Link, Mrkdwn } from "./mrkdwn";
import type { Block, State } from "./state";
import type { Theme } from "./theme";

type Props = { state: State; attachments: Block[]; theme: Theme; onPress: Press };

// Slack: "Secondary message attachments", color; anything else is a colour of its own.
const COLOURS: { [name: string]: string } = { good: "good", warning: "warning", danger: "danger" };

export function Attachments({ state, attachments, theme, onPress }: Props) {
  return (
    <>
      {attachments.map((one, index) => (
        <section className={`attachment ${COLOURS[one.color] ?? "other"}`} key={index}>
          {one.pretext && <Mrkdwn text={one.pretext} />}
          {one.author_name && <p>{one.author_name}</p>}
          {one.title && (
            <p>
              <strong>
                {one.title_link ? <Link href={one.title_link}>{one.title}</Link> : one.title}
              </strong>
            </p>
          )}
          {one.text && <Mrkdwn text={one.text} />}
          {one.fields && (
            <div className="fields">
              {one.fields.map((field: Block, number: number) => (
                <div key={number}>
                  <strong>{field.title}</strong>
                  <Mrkdwn text={String(field.value)} />
                </div>
              ))}
            </div>
          )}
          {one.blocks && <Blocks blocks={one.blocks} {...{ state, theme, onPress }} />}
          {one.footer && <small>{one.footer}</small>}
        </section>
      ))}
    </>
  );
}
