// Bundles src/ into dist/: one script, one style sheet, the licences of what is inside, and the
// hash of the sources, by which a test tells whether dist/ is out of date.
//
//   npm install --no-package-lock && npm run build

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
mkdirSync(dist, { recursive: true });

// The renderer gives the same id to every message. An id may stand only once in a page, so it
// becomes a class, here and in its style sheet.
const classInPlaceOfId = {
  name: "class-in-place-of-id",
  setup(bundle) {
    bundle.onLoad({ filter: /slack-blocks-to-jsx[/\\]dist[/\\]index\.m?js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll('id:"slack_blocks_to_jsx",', ""),
      loader: "js",
    }));
    bundle.onLoad({ filter: /slack-blocks-to-jsx[/\\]dist[/\\]style\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll("#slack_blocks_to_jsx", ".slack_blocks_to_jsx"),
      loader: "css",
    }));
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  outdir: dist,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  charset: "utf8",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [classInPlaceOfId],
});

writeFileSync(join(dist, "LICENCES.txt"), licences(Object.keys(result.metafile.inputs)));
writeFileSync(join(dist, "sources.txt"), `${hashOfSources()}\n`);

function licences(inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const found = input.match(/^(.*node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/);
    if (!found) continue;
    const folder = join(here, found[1]);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "";
    packages.set(`${name} ${version} (${license})`, text.trim());
  }
  const parts = [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
  return parts.map(([title, text]) => `${title}\n${"-".repeat(title.length)}\n${text}\n`).join("\n\n");
}

function hashOfSources() {
  const files = [
    "build.mjs",
    "package.json",
    ...readdirSync(join(here, "src")).map((name) => `src/${name}`),
  ].sort();
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${relative(here, join(here, file))}\n`);
    hash.update(readFileSync(join(here, file)));
  }
  return hash.digest("hex");
}
