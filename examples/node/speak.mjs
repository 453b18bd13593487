// Submits a job, follows it, receives and checks its webhook, and saves the result.
// With nothing but Node 20; clients/typescript does the same in three lines.
//
//   C3_URL=… C3_KEY=… WEBHOOK_SECRET=whsec_… node speak.mjs "Hello there" hello.mp3
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";

const { C3_URL = "http://127.0.0.1:8095", C3_KEY = "", WEBHOOK_SECRET } = process.env;
const base = C3_URL.replace(/\/+$/, "");
const [text = "Hello there", path = "hello.mp3"] = process.argv.slice(2);

/** Standard Webhooks: an HMAC over id, time and body. */
function isOurs(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": given = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(stamp)) < 300)) return false;
  const key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${stamp}.`).update(body).digest();
  return given.split(" ").some((x) => {
    const [version, base64 = ""] = x.split(",");
    const got = Buffer.from(base64, "base64");
    return version === "v1" && got.length === wanted.length && timingSafeEqual(got, wanted);
  });
}

const told = Promise.withResolvers?.() ?? (() => {
  const x = {};
  x.promise = new Promise((resolve, reject) => Object.assign(x, { resolve, reject }));
  return x;
})();
const receiver = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const ours = isOurs(request.headers, body);
  response.writeHead(ours ? 204 : 401).end();
  // A delivery may come twice, under the same webhook-id: a second one changes nothing here.
  if (ours) told.resolve(JSON.parse(body));
});
// Where the worker reaches this program; in earnest a public https address.
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));

async function ask(method, route, body, headers = {}) {
  const answer = await fetch(base + route, {
    method,
    headers: {
      ...(C3_KEY && { Authorization: `Bearer ${C3_KEY}` }),
      ...(body && { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
  return answer;
}

let job = await (await ask("POST", "/v1/jobs", {
  type: "csm",
  input: { text, voice: "conversational_a" },
  complete_in: 600,
  webhook: { url: `http://127.0.0.1:${receiver.address().port}/` },
}, { "Idempotency-Key": randomUUID() })).json();
console.log("submitted", job.id);

const end = Date.now() + 660_000;
while (!["success", "failed", "cancelled", "timed_out"].includes(job.status)) {
  if (Date.now() > end) throw new Error(`job ${job.id} has not ended in time; it goes on`);
  console.log(job.status, job.stage ?? "", job.waiting?.text ?? "");
  await new Promise((later) => setTimeout(later, 500));
  job = await (await ask("GET", `/v1/jobs/${job.id}`)).json();
}
if (job.status !== "success") throw new Error(`${job.status}: ${job.error?.message}`);
await writeFile(path, Buffer.from(await (await ask("GET", `/v1/jobs/${job.id}/result`)).arrayBuffer()));
console.log("saved", path, job.receipt);
const late = setTimeout(() => told.reject(new Error("no webhook came within 60 s")), 60_000);
console.log("webhook", await told.promise);
clearTimeout(late);
receiver.close();
