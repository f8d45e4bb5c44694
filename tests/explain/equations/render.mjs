// Formulas on standard input, a JSON list of {latex, block}; their MathML on standard output, in the same order.
// Temml (MIT) only runs here: what is committed and shipped is its output, which is ours.
import temml from "temml";
import { readFileSync } from "node:fs";

const formulas = JSON.parse(readFileSync(0, "utf8"));
const rendered = formulas.map(({ latex, block }) => {
  try {
    return temml.renderToString(latex, { displayMode: block, throwOnError: true, strict: true, wrap: "none" });
  } catch (error) {
    process.stderr.write(`${latex}\n  ${error.message}\n`);
    process.exitCode = 1;
    return "";
  }
});
process.stdout.write(JSON.stringify(rendered));
