// Slack's own markup and plain text. Escapes are undone after everything else was understood, so
// that an escaped "<!channel>" stays text, as it does in Slack (Slack: "Formatting text for app
// surfaces"). The block renderer undoes them first, which is why text is not left to it.

import { get as emoji } from "node-emoji";
import { createContext, useContext, type ReactNode } from "react";
import type { State } from "./state";
import { clock, useWords } from "./words";

export type TextObject = { type: string; text: string; verbatim?: boolean; emoji?: boolean };

export const Names = createContext<Pick<State, "people" | "channels" | "bot">>({
  people: [],
  channels: [],
  bot: "",
});

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<token>[^<>\\n]+)>",
    "(?<![\\p{L}\\p{N}*_~`])(?<mark>[*_~])(?=\\S)(?<marked>[^\\n]*?\\S)\\k<mark>(?![\\p{L}\\p{N}*_~`])",
    "(?<address>https?:\\/\\/[^\\s<>]+[^\\s<>.,;:!?)\\]}'\"。、])",
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "gu",
);

/** A text object, or a message's text. */
export function Text({ text }: { text: TextObject }) {
  if (text.type === "mrkdwn") return <Mrkdwn text={text.text} verbatim={text.verbatim} />;
  return <span className="text">{text.emoji === false ? decode(text.text) : plain(text.text)}</span>;
}

export function Mrkdwn({ text, verbatim }: { text: string; verbatim?: boolean }) {
  const parts = text.split(/```\n?([\s\S]+?)```/);
  return (
    <div className="text">
      {parts.map((part, index) =>
        index % 2 ? (
          <pre key={index}>{literal(part.replace(/\n$/, ""))}</pre>
        ) : (
          <Lines key={index} text={index > 0 ? part.replace(/^\n/, "") : part} verbatim={verbatim} />
        ),
      )}
    </div>
  );
}

function Lines({ text, verbatim }: { text: string; verbatim?: boolean }) {
  const shown: ReactNode[] = [];
  let quoted: string[] = [];
  let loose: string[] = [];
  const flush = () => {
    if (quoted.length) {
      shown.push(
        <blockquote key={shown.length}>
          <Inline text={quoted.join("\n")} verbatim={verbatim} />
        </blockquote>,
      );
    }
    if (loose.length) {
      shown.push(<Inline key={shown.length} text={loose.join("\n")} verbatim={verbatim} />);
    }
    quoted = [];
    loose = [];
  };
  for (const line of text.split("\n")) {
    const quote = line.match(/^(?:>|&gt;) ?(.*)$/);
    if (quote ? loose.length : quoted.length) flush();
    if (quote) quoted.push(quote[1]);
    else loose.push(line);
  }
  flush();
  return <>{shown}</>;
}

function Inline({ text, verbatim }: { text: string; verbatim?: boolean }) {
  const shown: ReactNode[] = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const { code, token, mark, marked, address, emoji: name } = found.groups!;
    const piece = (() => {
      if (code) return <code>{literal(code)}</code>;
      if (token) return <Token token={token} />;
      if (mark) return <Marked mark={mark} text={marked} verbatim={verbatim} />;
      if (address) return verbatim ? address : <Link href={decode(address)}>{decode(address)}</Link>;
      return emoji(name) ?? found[0];
    })();
    shown.push(decode(text.slice(from, found.index)), <span key={found.index}>{piece}</span>);
    from = found.index + found[0].length;
  }
  shown.push(decode(text.slice(from)));
  return <>{shown}</>;
}

function Marked({ mark, text, verbatim }: { mark: string; text: string; verbatim?: boolean }) {
  const inside = <Inline text={text} verbatim={verbatim} />;
  if (mark === "*") return <strong>{inside}</strong>;
  return mark === "_" ? <em>{inside}</em> : <s>{inside}</s>;
}

/** What stands between angle brackets: a mention, a date, or a link. */
function Token({ token }: { token: string }) {
  const { people, channels, bot } = useContext(Names);
  const where = useWords();
  const [target, label] = splitOnce(token, "|");
  const id = target.slice(1);
  if (target.startsWith("@")) {
    const name = id === bot ? "tlscheck" : people.find((person) => person.id === id)?.real_name;
    return <span className="mention">@{name ?? label ?? id}</span>;
  }
  if (target.startsWith("#")) {
    return <span className="mention">#{channels.find((one) => one.id === id)?.name ?? label ?? id}</span>;
  }
  if (target.startsWith("!date^")) {
    const [, stamp, format] = target.split("^");
    return <time>{date(Number(stamp), format ?? "", where) ?? label}</time>;
  }
  if (target.startsWith("!")) {
    return <span className="mention loud">@{label?.replace(/^@/, "") ?? id.replace(/\^.*/, "")}</span>;
  }
  // Brackets around anything else are only brackets.
  if (!leads(decode(target))) return <>{decode(`<${token}>`)}</>;
  return <Link href={decode(target)}>{decode(label ?? target)}</Link>;
}

/** Whether an address may be followed: whatever a certificate said, only these lead anywhere. */
function leads(address: string | undefined): boolean {
  return /^(https?:|mailto:)/i.test(address ?? "");
}

function date(stamp: number, format: string, where: { lang: string; tz: string }): string | null {
  const at = new Date(stamp * 1000);
  if (Number.isNaN(at.getTime())) return null;
  const form = where.lang === "ja" ? "ja-JP" : "en-GB";
  const timeZone = where.tz;
  const day = at.toLocaleDateString(form, { day: "numeric", month: "short", year: "numeric", timeZone });
  const time = clock(at, where);
  const iso = at.toLocaleDateString("sv-SE", { timeZone });
  return format
    .replace(/\{date_num\}/g, iso)
    .replace(/\{date[a-z_]*\}/g, day)
    .replace(/\{time_secs\}/g, at.toLocaleTimeString(form, { timeZone }))
    .replace(/\{time\}/g, time)
    .replace(/\{ago\}/g, `${day} ${time}`);
}

export function Link({
  href,
  children,
  className,
}: {
  href?: string;
  children?: ReactNode;
  className?: string;
}) {
  if (!leads(href)) return <span className={className}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" className={className}>
      {children}
    </a>
  );
}

function plain(text: string): string {
  return decode(text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole));
}

/** Text in code: links keep their label, nothing else is understood. */
function literal(text: string): string {
  return decode(text.replace(/<(?:https?:|mailto:)[^<>|\n]*\|([^<>\n]*)>/g, "$1").replace(/<((?:https?:|mailto:)[^<>|\n]*)>/g, "$1"));
}

function decode(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function splitOnce(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
