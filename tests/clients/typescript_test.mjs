// The TypeScript client, compiled, against the stand-in of the service: the
// address of `fake_service.py` and the folder of the compiled c3.js are given.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

const [, , module, root] = process.argv.slice(-4);
const { C3, C3Error, JobFailed, NotFound, Refused, Unavailable, BadSignature, verifyWebhook } = await import(module);
const key = "key-of-the-tests";
const face = path.join(root, "app/demo/face.jpg");
let fake, real, c3, url, realUrl;

/** Starts a program that prints one line, and ends with its input. */
async function begin(program) {
  const child = spawn("/usr/bin/python3", ["-B", path.join(root, "tests/clients", program)],
    { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = String(await once(child.stdout, "data")).split("\n");
  return [child, line];
}

async function finish(child) {
  const ended = once(child, "exit");
  child.stdin.end();
  await ended;
}

before(async () => {
  [[fake, url], [real, realUrl]] = await Promise.all([begin("fake_service.py"), begin("real_service.py")]);
});
after(() => Promise.all([fake, real].map((x) => x.exitCode === null && finish(x))));

/** Sets what the stand-in plays from now on. */
const play = (what = {}) => fetch(`${url}/play`, { method: "POST", body: JSON.stringify(what) });
const seen = async () => (await fetch(`${url}/seen`)).json();

async function fresh(what) {
  await play(what);
  c3 = new C3({ url, key, timeout: 5000 });
}

test("a run is followed to its result", async () => {
  await fresh();
  const states = [];
  const got = await c3.run("csm", { text: "Hello" }, { onUpdate: (j) => states.push(`${j.status} ${j.progress}`) });
  assert.match(states[0], /^queued/);
  assert.ok(states.includes("running 0.6"));
  assert.equal(states.at(-1), "success 1");
  assert.equal(got.receipt.usd, 0.0008);
  const folder = await mkdtemp(path.join(tmpdir(), "c3-"));
  await got.save(path.join(folder, "x.mp3"));
  assert.deepEqual(await readdir(folder), ["x.mp3"]);
  // Nor has the storage got the key.
  assert.equal(await readFile(path.join(folder, "x.mp3"), "utf8"), "sound");
  await rm(folder, { recursive: true });
});

test("a file that is cut off, or does not go on, is asked for again", async () => {
  await fresh({ files_faults: ["cut", "hang"] });
  c3 = new C3({ url, key, timeout: 400, tries: 3 });
  const got = await c3.run("csm", { text: "Hello" });
  assert.equal(Buffer.from(await got.bytes()).toString(), "sound");
  await fresh({ files_faults: ["hang"] });
  c3 = new C3({ url, key, timeout: 400, tries: 1 });
  const silent = await c3.run("csm", { text: "Hello" });
  await assert.rejects(silent.bytes(), (e) => e instanceof Unavailable && /in time/.test(e.message));
});

test("a signal that outlives its requests is left as it was", async () => {
  await fresh({ faults: [["GET", "/v1/jobs/[^/]+", [503]]] });
  const { signal } = new AbortController();
  const job = await c3.submit("csm", { text: "x" }, { signal });
  await job.refresh(signal);
  await job.wait({ signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a text is a text", async () => {
  await fresh();
  assert.equal((await c3.run("whisper", { audio: "http://x/a.mp3" })).text, "héllo");
});

test("local files are uploaded and results chain", async () => {
  await fresh();
  const sound = await c3.run("csm", { text: "x" });
  const job = await c3.submit("portrait", { image: face, audio: sound });
  const bytes = await readFile(face);
  const id = (x) => `file:${createHash("sha256").update(x).digest("hex")}`;
  assert.equal(job.data.input.image, id(bytes));
  assert.equal(job.data.input.audio, id("sound"));
  assert.equal(await c3.upload(new Blob([bytes])), id(bytes));
  assert.equal(await c3.upload(new Uint8Array([97, 98, 99]), 'a"b'), id("abc"));
  assert.equal((await c3.submit("analyze", { image: "https://x/y.png" })).data.input.image, "https://x/y.png");
  await assert.rejects(c3.submit("analyze", { image: "nowhere.png" }), /ENOENT/);
});

test("what is wrong is named", async () => {
  await fresh();
  await assert.rejects(c3.submit("csm", { text: "x", temperature: 3 }), (e) => e instanceof Refused
    && e.status === 400 && e.errors[0].field === "input.temperature" && /accepted is a number/.test(e.message)
    && e.name === "Refused");
  await assert.rejects(c3.job("none").refresh(), NotFound);
  await assert.rejects(c3.job("none").wait(), NotFound);
  await assert.rejects(new C3({ url, key: "wrong" }).submit("csm", {}), (e) => e.status === 401);
  await fresh({ end: { status: "failed", error: { code: "rejected", message: "no" } } });
  await assert.rejects(c3.run("csm", { text: "x" }), (e) => e instanceof JobFailed && e.code === "rejected");
});

test("a lost answer makes no second job", async () => {
  await fresh({ faults: [["POST", "/v1/jobs", ["cut", 503, "lose", 429]]] });
  const job = await c3.submit("csm", { text: "x" });
  const { order, requests } = await seen();
  assert.deepEqual(order, [job.id]);
  assert.equal(new Set(requests.filter(([m, p]) => m === "POST" && p === "/v1/jobs").map(([, , k]) => k)).size, 1);
  const same = [await c3.submit("csm", { text: "y" }, { idempotencyKey: "k" }),
    await c3.submit("csm", { text: "y" }, { idempotencyKey: "k" })];
  assert.equal(same[0].id, same[1].id);
  await assert.rejects(c3.submit("csm", { text: "z" }, { idempotencyKey: "k" }), (e) => e.status === 422);
});

test("who never answers is given up", async () => {
  await fresh();
  await assert.rejects(new C3({ url: "http://127.0.0.1:1", tries: 2 }).submit("csm", {}), Unavailable);
});

test("a retry is sent once", async () => {
  await fresh({ faults: [["POST", ".*/retry", [503]]] });
  const job = await c3.submit("csm", { text: "x" });
  await assert.rejects(job.retry(), Unavailable);
  assert.equal((await job.retry()).data.retry_of, job.id);
});

test("a cut stream is begun again where it broke", async () => {
  await fresh({ cut_after: 1 });
  const job = await c3.submit("csm", { text: "x" });
  const kinds = [];
  for await (const event of job.events()) kinds.push(event.kind);
  assert.equal(kinds.filter((x) => x === "end").length, 1);
  assert.equal(kinds.at(-1), "end");
  const streams = (await seen()).requests.filter(([, p]) => p.endsWith("/events"));
  assert.ok(streams.length > 2);
  assert.deepEqual(streams.slice(0, 2).map(([, , , last]) => last), ["", "1000-0"]);
});

test("without streams it is asked for", async () => {
  await fresh({ no_streams: true });
  assert.equal((await c3.run("csm", { text: "x" }, { timeout: 20_000 })).job.status, "success");
});

test("a wait that is too long, or not wanted any more, leaves the job alone", async () => {
  for (const no_streams of [false, true]) {
    await fresh({ forever: true, no_streams });
    const job = await c3.submit("csm", { text: "x" });
    await assert.rejects(job.wait({ timeout: 500 }), (e) => e instanceof C3Error && /in time/.test(e.message));
    await assert.rejects(job.wait({ signal: AbortSignal.timeout(300) }), { name: "TimeoutError" });
    assert.equal((await job.refresh()).status, "running");
    await assert.rejects(job.result(), /has not ended/);
  }
});

test("a job is cancelled while it is followed", async () => {
  await fresh({ forever: true });
  const job = await c3.submit("csm", { text: "x" });
  setTimeout(() => c3.cancel(job.id), 300);
  await assert.rejects(job.wait({ timeout: 10_000 }), (e) => e.job.status === "cancelled");
});

test("lists go on over pages", async () => {
  await fresh();
  const ids = [];
  for (let i = 0; i < 5; ++i) ids.unshift((await c3.submit("csm", { text: "x" })).id);
  const all = async (filter) => { const out = []; for await (const j of c3.jobs(filter)) out.push(j.id); return out; };
  assert.deepEqual(await all({ status: "queued" }), ids);
  assert.deepEqual(await all({ limit: 3 }), ids.slice(0, 3));
  assert.deepEqual(await all({ status: "failed" }), []);
});

test("webhooks are checked", async () => {
  const secret = `whsec_${Buffer.from("0123456789abcdef").toString("base64")}`;
  const body = '{"id":"x","status":"success"}';
  const sign = (id, stamp) => ({
    "Webhook-Id": id, "webhook-timestamp": String(stamp), "webhook-signature": `v1,bm90aGluZw== v1,${
      createHmac("sha256", "0123456789abcdef").update(`${id}.${stamp}.${body}`).digest("base64")}`,
  });
  const now = Math.floor(Date.now() / 1000);
  const good = sign("m", now);
  assert.equal((await verifyWebhook(good, body, secret)).status, "success");
  assert.equal((await verifyWebhook(new Headers(good), Buffer.from(body), ["whsec_QUJD", secret])).id, "x");
  for (const [headers, text, by] of [
    [good, `${body} `, secret], [sign("m", now - 400), body, secret], [sign("m", now + 400), body, secret],
    [{}, body, secret], [{ ...good, "Webhook-Id": "n" }, body, secret], [good, body, []],
    [{ ...good, "webhook-signature": "v1,%%% v2,x" }, body, secret], [good, body, "whsec_QUJD"]])
    await assert.rejects(verifyWebhook(headers, text, by), BadSignature);
});

test("the real service does the same", async (t) => {
  if (realUrl === "none") return t.skip("no worker is built");
  c3 = new C3({ url: realUrl });
  const states = new Set();
  const speech = await c3.run("csm", { text: "We are happy to see you." },
    { timeout: 60_000, onUpdate: (j) => states.add(j.status) });
  assert.ok(states.has("success"));
  assert.ok((await speech.bytes()).length > 2000);
  assert.ok(speech.receipt.usd > 0);
  const video = await c3.run("portrait", { image: face, audio: speech }, { timeout: 60_000 });
  assert.ok((await video.bytes()).length > 10_000);
  assert.match((await c3.run("whisper", { audio: speech, language: "en" }, { timeout: 60_000 })).text, /happy/);
  const job = await c3.submit("csm", { text: "Never said." });
  await job.cancel();
  await assert.rejects(job.wait({ timeout: 10_000 }), (e) => e instanceof JobFailed && e.job.status === "cancelled");
  const again = await job.retry();
  assert.equal((await again.wait({ timeout: 60_000 })).job.data.retry_of, job.id);
  const found = [];
  for await (const each of c3.jobs({ status: "success", limit: 20 })) found.push(each.id);
  assert.ok(found.includes(again.id));
  await assert.rejects(c3.submit("csm", { text: "x", temperature: 3 }), (e) => /temperature/.test(e.errors[0].field));
});
