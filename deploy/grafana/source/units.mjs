// Reads ids on standard input, as `generate.py --inspect` prints them, and ends with an error for those that Grafana's own code does not know.
// It is bundled first: @grafana/data is made for browsers, and its modules can't be loaded by Node.js one by one.
import { getValueFormats } from './node_modules/@grafana/data/dist/esm/valueFormats/valueFormats.mjs';
import { fieldReducers } from './node_modules/@grafana/data/dist/esm/transformations/fieldReducer.mjs';
import { DataTransformerID } from './node_modules/@grafana/data/dist/esm/transformations/transformers/ids.mjs';
import { readFileSync } from 'node:fs';

// Formats of dates ask the browser for its languages.
globalThis.navigator ??= { language: 'en', languages: ['en'] };

const known = {
  units: getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)),
  reducers: fieldReducers.list().map((reducer) => reducer.id),
  transformations: Object.values(DataTransformerID),
};
const { ids } = JSON.parse(readFileSync(0, 'utf8'));
const unknown = Object.entries(ids).flatMap(([kind, names]) => names.filter((name) => !known[kind].includes(name)).map((name) => `${kind}: ${name}`));
if (unknown.length > 0) {
  console.error(`Grafana does not know ${unknown.join(', ')}`);
  process.exit(1);
}
const counts = Object.entries(ids).map(([kind, names]) => `${names.length} ${kind}`);
console.log(`${counts.join(', ')}: Grafana knows them all`);
