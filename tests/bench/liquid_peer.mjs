// The same mail with liquidjs, if it can be found: node liquid_peer.mjs DIR [ROUNDS], where `liquid_bench --print DIR` has
// written the template and contexts, and liquidjs is installed in DIR or above it. Parsed once, rendered often.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const dir = resolve(process.argv[2] ?? ".");
const rounds = Number(process.argv[3] ?? 20000);
let Liquid;
try {
  ({ Liquid } = createRequire(dir + "/")("liquidjs"));
} catch {
  console.log("skipped: liquidjs is not installed in " + dir);
  process.exit(0);
}
const { shared, contacts } = JSON.parse(readFileSync(dir + "/contexts.json", "utf8"));
for (const [name, options] of [["plain", {}], ["escaped, strict", { outputEscape: "escape", strictVariables: true, lenientIf: true }]]) {
  const engine = new Liquid(options);
  const template = engine.parse(readFileSync(dir + "/mail.html", "utf8"));
  const contexts = contacts.map((contact) => ({ ...shared, ...contact }));
  let bytes = 0;
  for (let i = 0; i < 2000; ++i) engine.renderSync(template, contexts[i % contexts.length]);
  const begin = performance.now();
  for (let i = 0; i < rounds; ++i) bytes += engine.renderSync(template, contexts[i % contexts.length]).length;
  const seconds = (performance.now() - begin) / 1000;
  console.log(`${name}: ${(rounds / seconds).toFixed(0)} renders/s, ${((seconds * 1e6) / rounds).toFixed(2)} us each, ${Math.round(bytes / rounds)} characters each`);
}
