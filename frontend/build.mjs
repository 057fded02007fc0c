// Bundles js/ and scss/ into src/lux/ui/static/dist: hashed names, manifest.json, one Feather sprite.
// `node build.mjs` builds into a fresh folder and swaps it in; `--watch` rebuilds in place, unminified.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = import.meta.dirname ?? path.dirname(fileURLToPath(import.meta.url));
const dist = path.resolve(here, "../src/lux/ui/static/dist");
const watching = process.argv.includes("--watch");
const target = watching ? dist : `${dist}.new`;

const posix = (name) => name.split(path.sep).join("/");
const digest = (bytes, algorithm, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/** Compiles SCSS; Bootstrap 5.3 still uses what Sass has deprecated, so those notes are silenced. */
const scssPlugin = {
  name: "scss",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, (args) => {
      const result = sass.compile(args.path, {
        loadPaths: [path.join(here, "node_modules"), path.join(here, "scss")],
        quietDeps: true,
        silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      });
      return {
        contents: result.css,
        loader: "css",
        // Fonts are named relative to the package they come from.
        resolveDir: path.dirname(args.path),
        watchFiles: result.loadedUrls
          .filter((url) => url.protocol === "file:")
          .map((url) => fileURLToPath(url)),
      };
    });
  },
};

/** Writes the sprite and the manifest: entry name → file, its CSS, what to preload, its integrity. */
const manifestPlugin = {
  name: "manifest",
  setup(build) {
    build.onEnd(async ({ metafile, errors }) => {
      if (errors.length > 0) return;
      const relative = (file) => posix(path.relative(target, path.resolve(here, file)));
      const manifest = {};
      for (const [file, output] of Object.entries(metafile.outputs)) {
        if (!output.entryPoint) continue;
        const key = posix(output.entryPoint)
          .replace(/^(js|scss)\//, "")
          .replace(/\.scss$/, ".css");
        const body = await readFile(path.resolve(here, file));
        const css = output.cssBundle ? relative(output.cssBundle) : undefined;
        manifest[key] = {
          file: relative(file),
          css: css === relative(file) ? undefined : css,
          preload: output.imports
            .filter((entry) => entry.kind === "import-statement" && !entry.external)
            .map((entry) => relative(entry.path)),
          integrity: `sha384-${digest(body, "sha384", "base64")}`,
        };
      }
      const sprite = await readFile(
        path.join(here, "node_modules/feather-icons/dist/feather-sprite.svg"),
      );
      const spriteName = `feather-${digest(sprite, "sha256", "hex").slice(0, 8)}.svg`;
      await writeFile(path.join(target, spriteName), sprite);
      manifest["feather.svg"] = { file: spriteName };
      await esbuild.build({
        absWorkingDir: here,
        entryPoints: ["js/site/lux.js"],
        outfile: path.join(target, "lux.js"),
        bundle: true,
        format: "iife", // served inside a function that hands in LUX_SITE: see rooms/site
        target: ["chrome80", "edge80", "firefox78", "safari14.1"], // of a company's visitors, not of ours
        minify: true,
        logLevel: "warning",
      });
      manifest["lux.js"] = { file: "lux.js" };
      const sorted = Object.fromEntries(Object.entries(manifest).sort());
      await writeFile(path.join(target, "manifest.json"), `${JSON.stringify(sorted, null, 1)}\n`);
    });
  },
};

/** Entry points: the app, each page module, and the pages LUX serves to the public, where present. */
async function entryPoints() {
  const fixed = ["js/app.js", "scss/app.scss", "js/public.js", "scss/public.scss"].filter((name) =>
    existsSync(path.join(here, name)),
  );
  const folder = path.join(here, "js/pages");
  const pages = existsSync(folder) ? await readdir(folder) : [];
  return [
    ...fixed,
    ...pages.filter((name) => name.endsWith(".js")).map((name) => `js/pages/${name}`),
  ];
}

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const options = {
  absWorkingDir: here,
  entryPoints: await entryPoints(),
  outdir: target,
  outbase: ".",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome111", "firefox115", "safari16.4"],
  minify: !watching,
  sourcemap: watching ? "linked" : false,
  metafile: true,
  entryNames: "[dir]/[name]-[hash]",
  chunkNames: "chunks/[name]-[hash]",
  assetNames: "assets/[name]-[hash]",
  loader: { ".woff2": "file", ".woff": "file", ".svg": "file" },
  legalComments: "linked",
  logLevel: "warning",
  plugins: [scssPlugin, manifestPlugin],
};

if (watching) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  await rm(`${dist}.old`, { recursive: true, force: true });
  if (existsSync(dist)) await rename(dist, `${dist}.old`);
  await rename(target, dist);
  await rm(`${dist}.old`, { recursive: true, force: true });
}
