// Pictures: files of this workspace are shown, others only named: the page fetches nothing from
// elsewhere.

import type { Block } from "./state";

/** Where a picture lies on this server: a Slack file by its id or address, or nothing. */
export function source(part: { [field: string]: any }): string | null {
  const { id, url } = part.slack_file ?? {};
  const address: string = url ?? part.image_url ?? "";
  const found = id ?? address.match(/\/files(?:-pri)?\/.*?\b(F[0-9A-F]{10})\b/)?.[1];
  return found && /^F[A-Z0-9]+$/.test(found) ? `page/files/${found}` : null;
}

export function Picture({ part, className }: { part: Block; className?: string }) {
  const from = source(part);
  if (!from) return <span className="picture-away">{part.alt_text}</span>;
  return <img className={className} src={from} alt={part.alt_text} />;
}

export function ImageBlock({ block }: { block: Block }) {
  return (
    <figure className="picture">
      {block.title && <figcaption>{block.title.text}</figcaption>}
      <Picture part={block} />
    </figure>
  );
}
