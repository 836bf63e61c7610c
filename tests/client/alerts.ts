// Lists missed promises, by a client whose types are made of /openapi.json.

import createClient from "openapi-fetch";
import type { paths } from "./floorwalker.js";

declare const process: { argv: string[] };

const [, , baseUrl, token] = process.argv;
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const client = createClient<paths>({ baseUrl, headers });

const { data, error } = await client.GET("/api/v1/alerts", { params: { query: { rule: "sla.missed", limit: 10 } } });
if (error) throw new Error(`${error.title}: ${error.detail}; ${error.what_to_do}`);
console.log(`${data.alerts.length} of ${data.total}`);
for (const { id, status, why } of data.alerts) console.log(`${id}\t${status}\t${why}`);
