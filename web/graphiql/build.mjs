// Bundles GraphiQL for the binary. Called by scripts/build-graphiql; the output is committed.
// Usage: node build.mjs <output folder>
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { notice } from "./notice.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  throw new Error("usage: node build.mjs <output folder>");
}

// GraphiQL's style sheet carries 360 kB of fonts as data URLs; the page uses those of the machine.
const withoutFonts = {
  name: "without-fonts",
  setup(it) {
    it.onLoad({ filter: /graphiql[/\\]dist[/\\]style\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/@font-face\s*\{[^}]*\}/g, ""),
      loader: "css",
    }));
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: { graphiql: "src/main.jsx" },
  outdir: "out",
  write: false,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16.4"],
  jsx: "automatic",
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  alias: { "react-style-singleton": join(here, "src/style-singleton.js") },
  plugins: [withoutFonts],
});

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const files = result.outputFiles.map(({ path, contents }) => ({ name: path.slice(path.lastIndexOf("/") + 1), contents }));
files.push({ name: "icon.svg", contents: readFileSync(join(here, "src/icon.svg")) });
files.push({ name: "NOTICE.md", contents: Buffer.from(notice(here, result.metafile)) });
files.sort((a, b) => (a.name < b.name ? -1 : 1));

mkdirSync(out, { recursive: true });
for (const { name, contents } of files) {
  writeFileSync(join(out, name), contents);
}
writeFileSync(join(out, "SHA256SUMS"), files.map(({ name, contents }) => `${sha256(contents)}  ${name}\n`).join(""));
for (const { name, contents } of files) {
  console.log(`${name} ${contents.length} bytes`);
}
