// Says which features of the HTML on stdin caniemail.com calls unsupported: {"title": ["client", …]} on stdout.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../../frontend/package.json", import.meta.url));
const { caniemail } = await import(pathToFileURL(require.resolve("caniemail")));
const clients = ["gmail.*", "outlook.*", "apple-mail.*"];
const found = {};
for (const html of JSON.parse(await text(process.stdin))) {
  for (const [client, issues] of caniemail({ clients, html }).issues.errors) {
    for (const issue of issues) {
      found[issue.title] ??= [];
      if (!found[issue.title].includes(client)) found[issue.title].push(client);
    }
  }
}
process.stdout.write(JSON.stringify(found));
