// Uploaded files: name, size, a look inside, and a link to save them.

import { Sheet } from "./signs";
import type { FileShown } from "./state";
import { useWords, type Say } from "./words";

export function Files({ files }: { files: FileShown[] }) {
  const say = useWords();
  return (
    <>
      {files.map((file) => (
        <figure className="file" key={file.id}>
          <figcaption>
            <Sheet />
            <span className="file-name">
              <strong>{file.title}</strong>
              <small>
                {file.name !== file.title && `${file.name} · `}
                {size(say, file.size)}
              </small>
            </span>
            <a href={file.url} download={file.name}>
              {say("file.download")}<span className="hidden"> {file.name}</span>
            </a>
          </figcaption>
          {file.image && <img src={file.image} alt={file.alt || file.title} />}
          {file.preview !== null && (
            <pre tabIndex={0} aria-label={say("file.beginning", { name: file.name })}>
              {file.preview}
            </pre>
          )}
        </figure>
      ))}
    </>
  );
}

export function size(say: Say, bytes: number): string {
  if (bytes < 1024) return say("file.bytes", { n: bytes });
  const [amount, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "kB"] : [bytes / 1024 ** 2, "MB"];
  return `${amount.toFixed(1)} ${unit}`;
}
