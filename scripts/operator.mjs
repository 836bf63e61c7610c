// Holds objects of the Prometheus Operator, one JSON object a line of standard input, against the models of its kinds.
//   node scripts/operator.mjs < objects.jsonl
// Prints how many there were, or throws at the first that is none.
import { readFileSync } from "node:fs";

const models = new URL(
  "../target/tools/operator/node_modules/@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/",
  import.meta.url,
);
const lines = readFileSync(0, "utf8").split("\n").filter(Boolean);
let found = 0;
for (const line of lines) {
  const object = JSON.parse(line);
  if (object.apiVersion !== "monitoring.coreos.com/v1") continue;
  const { [object.kind]: Model } = await import(new URL(`${object.kind}.js`, models));
  new Model(object).validate();
  found += 1;
}
console.log(`${found} objects`);
