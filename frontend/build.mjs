// Bundles scripts, styles and fonts into dist/, which Django serves as static files.
// Names carry no hash: Django's manifest storage adds one when it collects them.
import { context, build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
// A page that needs more than app.js names its own bundle, so that no other page pays for it.
const entries = ["css/app.css", "js/app.js", "js/console.js", "js/lineage.js", "js/charts.js"];
const copies = ["icons/icons.svg", "icons/favicon.svg"];

const options = {
  absWorkingDir: here,
  entryPoints: entries
    .filter((entry) => existsSync(join(here, entry)))
    .map((entry) => ({ in: entry, out: entry.replace(/^.*\//, "").replace(/\.\w+$/, "") })),
  outdir: dist,
  bundle: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  logLevel: "warning",
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]-[hash]",
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
for (const file of copies) copyFileSync(join(here, file), join(dist, file.replace(/^.*\//, "")));

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
