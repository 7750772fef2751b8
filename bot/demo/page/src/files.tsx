// Uploaded files: name, size, a look inside, and a link to save them.

import { Sheet } from "./signs";
import type { FileShown } from "./state";

export function Files({ files }: { files: FileShown[] }) {
  return (
    <>
      {files.map((file) => (
        <figure className="file" key={file.id}>
          <figcaption>
            <Sheet />
            <span className="file-name">
              <strong>{file.title}</strong>
              <small>
                {file.name} · {size(file.size)}
              </small>
            </span>
            <a href={file.url} download={file.name}>
              Download<span className="hidden"> {file.name}</span>
            </a>
          </figcaption>
          {file.preview !== null && (
            <pre tabIndex={0} aria-label={`Beginning of ${file.name}`}>
              {file.preview}
            </pre>
          )}
        </figure>
      ))}
    </>
  );
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
}
