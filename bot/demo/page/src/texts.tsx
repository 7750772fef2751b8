// The blocks that are mostly text: header, section, context, alert, table.

import type { ReactNode } from "react";
import { Text, type TextObject } from "./mrkdwn";
import { Picture } from "./picture";
import type { Block } from "./state";
import { useWords } from "./words";

export function Header({ block }: { block: Block }) {
  return (
    <h2 className="header-block">
      <Text text={block.text} />
    </h2>
  );
}

export function Section({ block, accessory }: { block: Block; accessory?: ReactNode }) {
  return (
    <div className={accessory ? "section with-accessory" : "section"}>
      <div>
        {block.text && <Text text={block.text} />}
        {block.fields && (
          <div className="fields">
            {block.fields.map((field: TextObject, index: number) => (
              <Text key={index} text={field} />
            ))}
          </div>
        )}
      </div>
      {accessory}
    </div>
  );
}

export function Context({ block }: { block: Block }) {
  return (
    <div className="context">
      {block.elements.map((element: any, index: number) =>
        element.type === "image" ? (
          <Picture key={index} part={element} />
        ) : (
          <Text key={index} text={element} />
        ),
      )}
    </div>
  );
}

const SIGNS: { [level: string]: string } = { info: "i", warning: "!", error: "✗", success: "✓" };

export function Alert({ block }: { block: Block }) {
  const level = String(block.level ?? "default");
  return (
    <div className={`alert ${level}`} role="note">
      <span aria-hidden="true">{SIGNS[level] ?? "•"}</span>
      <Text text={block.text} />
    </div>
  );
}

/** A table; `rich` draws a cell that holds rich text. */
export function Table({ block, rich }: { block: Block; rich: (cell: Block) => ReactNode }) {
  const say = useWords();
  const cell = (content: any) => (content.type === "raw_text" ? content.text : rich(content));
  const [head, ...rows] = block.rows;
  const align = (column: number) => `align-${block.column_settings?.[column]?.align ?? "left"}`;
  return (
    <div className="table" tabIndex={0} role="region" aria-label={say("table")}>
      <table>
        <thead>
          <tr>
            {head.map((content: any, column: number) => (
              <th key={column} scope="col" className={align(column)}>
                {cell(content)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row: any[], index: number) => (
            <tr key={index}>
              {row.map((content, column) => (
                <td key={column} className={align(column)}>
                  {cell(content)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
