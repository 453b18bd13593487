/**
 * Client of the HTTP service of C3 Render Worker. One file, no dependencies: Node 20
 * or newer, Deno, Bun, browsers.
 *
 *     import { C3 } from "./c3.js";
 *     const c3 = new C3({ url, key });              // or C3_URL, C3_KEY
 *     const speech = await c3.run("csm", { text: "Hello" }, { onUpdate: (j) => console.log(j.status) });
 *     await speech.save("hello.mp3");
 *     const job = await c3.submit("portrait", { image: "me.png", audio: speech });
 *     for await (const event of job.events()) console.log(event.kind, event.job.status);
 */

export const version = "0.2.0";

export type Kind = "csm" | "whisper" | "portrait" | "analyze";
export type Status = "queued" | "running" | "success" | "failed" | "cancelled" | "timed_out";

/** A path (Node, Deno, Bun), "http(s)://…", "file:ID", bytes, a Blob or File, or the result of another job. */
export type FileInput = string | Uint8Array | Blob | Result;

export interface Inputs {
  csm: {
    text?: string; monologue?: string[]; voice?: "random" | "conversational_a" | "conversational_b" | "clone";
    reference_audio?: FileInput; reference_text?: string; temperature?: number; topk?: number;
    max_audio_length?: number; pause_duration?: number;
  };
  whisper: { audio: FileInput; model?: string; task?: "transcribe" | "translate"; language?: string };
  portrait: { image: FileInput; audio: FileInput };
  analyze: { image: FileInput; prompt?: string };
}

export interface JobData {
  id: string;
  type?: string;
  status?: Status;
  stage?: string;
  /** 0 to 1. */
  progress?: number;
  waiting?: { place: number; reason: string; text?: string; until?: number; begins_in?: [number, number] };
  result?: { text?: string; url?: string; content_type?: string; name?: string };
  error?: { code?: string; message: string; detail?: string };
  receipt?: { seconds?: number; own_s?: number; boot_s?: number; idle_s?: number; usd?: number };
  metadata?: Record<string, string>;
  retry_of?: string;
  [more: string]: unknown;
}

export interface Problem {
  type?: string; title?: string; status?: number; detail?: string;
  errors?: { field: string; got?: string; accepted: string }[];
}

export interface SubmitOptions {
  webhook?: string;
  /** Seconds from now until the deadline. */
  completeIn?: number;
  /** Unix seconds. */
  completeBy?: number;
  /** Seconds of processing. */
  maxTime?: number;
  metadata?: Record<string, string>;
  /** A second call with the same key and the same values makes no second job. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface FollowOptions {
  /** Ends the waiting; the job goes on. */
  signal?: AbortSignal;
  /** Milliseconds, after which the waiting ends with a C3Error; the job goes on. */
  timeout?: number;
}

export interface WaitOptions extends FollowOptions {
  onUpdate?: (job: Job) => void;
}

export interface JobFilter {
  status?: Status; type?: Kind; worker?: string; gpu?: string;
  /** Words that must all occur. */
  q?: string;
  /** Unix seconds. */
  from?: number; to?: number;
  /** At most so many jobs. */
  limit?: number;
}

/** `state` and `progress`: the job has changed; `change`: an entry of its timeline; `end`: the last one. */
export interface JobEvent { kind: "state" | "progress" | "change" | "end"; job: Job; data: Record<string, unknown> }

/** All errors of this module. */
export class C3Error extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The service refused a request; `errors` names the fields at fault, each with what is accepted. */
export class Refused extends C3Error {
  readonly errors: NonNullable<Problem["errors"]>;
  constructor(readonly status: number, readonly problem: Problem) {
    const errors = problem.errors ?? [];
    super([problem.detail || problem.title || `HTTP ${status}`,
      ...errors.map((e) => `${e.field}: got ${e.got ?? "nothing"}, accepted is ${e.accepted}`)].join("; "));
    this.errors = errors;
  }
}

/** There is no such job or file. */
export class NotFound extends Refused {}

/** The service did not answer, or was busy, as often as it was tried. */
export class Unavailable extends C3Error {}

/** A webhook is not from who it should be from, or is too old. */
export class BadSignature extends C3Error {}

/** A job ended without a result. `code` is one word of a closed list. */
export class JobFailed extends C3Error {
  readonly code: string;
  constructor(readonly job: Job) {
    super(`job ${job.id}: ${job.status}: ${job.data.error?.message ?? "no reason was given"}`);
    this.code = job.data.error?.code ?? "";
  }
}

const final: readonly string[] = ["success", "failed", "cancelled", "timed_out"];
const fileFields: readonly string[] = ["image", "audio", "reference_audio"];
/** Answers that say: the same again, later. */
const later: readonly number[] = [429, 502, 503, 504];
/** A service that says nothing for so long is taken for gone. */
const silenceMax = 45_000;

const environment = (name: string): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    const stop = () => { clearTimeout(timer); fail(signal?.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); done(); }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The answer with its body read; `alive` is called at each piece of it. */
async function whole(got: Response, alive: () => void): Promise<Response> {
  const pieces = got.body?.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, to) {
      alive();
      to.enqueue(piece);
    },
  }));
  return new Response(await new Response(pieces ?? null).blob());
}

/** Named apart from the compiler's knowledge, so that browsers and their bundlers need no Node. */
async function nodeModule<T>(name: string): Promise<T> {
  return await import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`) as T;
}

interface Files {
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}

/** What a job has made. It can be the input of the next job. */
export class Result {
  readonly text: string;
  readonly name: string;
  readonly contentType: string;
  /** Seconds of GPUs and, where they have a price, `usd`. */
  readonly receipt: NonNullable<JobData["receipt"]>;

  constructor(private readonly client: C3, readonly job: Job) {
    const made = job.data.result ?? {};
    this.text = made.text ?? "";
    this.name = made.name ?? `${job.id}.txt`;
    this.contentType = made.content_type ?? "text/plain";
    this.receipt = job.data.receipt ?? {};
  }

  async bytes(): Promise<Uint8Array> {
    const got = await this.client.send("GET", `/v1/jobs/${this.job.id}/result`);
    return new Uint8Array(await got.arrayBuffer());
  }

  /** Writes the file or the text; whole, or not at all. Not in a browser. */
  async save(path: string): Promise<string> {
    const files = await nodeModule<Files>("fs/promises");
    const aside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
    await files.writeFile(aside, await this.bytes());
    await files.rename(aside, path);
    return path;
  }
}

/** A job by its id; `data` is what the service last said of it. */
export class Job {
  constructor(private readonly client: C3, readonly id: string, public data: JobData = { id }) {}

  /** Empty: it was not asked yet. */
  get status(): Status | "" { return this.data.status ?? ""; }
  get done(): boolean { return final.includes(this.status); }
  get progress(): number { return this.data.progress ?? 0; }

  async refresh(signal?: AbortSignal): Promise<this> {
    this.data = await this.client.json("GET", `/v1/jobs/${this.id}`, { signal });
    return this;
  }

  /** Nothing happens to a job that has ended. */
  async cancel(): Promise<this> {
    this.data = await this.client.json("POST", `/v1/jobs/${this.id}/cancel`);
    return this;
  }

  /** Runs an ended job again, as a new one. */
  async retry(): Promise<Job> {
    const data = await this.client.json("POST", `/v1/jobs/${this.id}/retry`, { once: true });
    return new Job(this.client, data.id, data);
  }

  /**
   * Until the job has ended. A stream that is lost is begun again where it broke; where none can be had, the job
   * is asked for every second or two.
   */
  async *events(how: FollowOptions = {}): AsyncGenerator<JobEvent, void, undefined> {
    const stop = new AbortController();
    const onAbort = () => stop.abort(how.signal?.reason);
    how.signal?.throwIfAborted();
    how.signal?.addEventListener("abort", onAbort, { once: true });
    const timer = how.timeout === undefined ? undefined : setTimeout(
      () => stop.abort(new C3Error(`job ${this.id} has not ended in time; it goes on`)), how.timeout);
    try {
      yield* this.follow(stop.signal);
    } catch (error) {
      // fetch has words of its own for an end that was asked for.
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      clearTimeout(timer);
      how.signal?.removeEventListener("abort", onAbort);
      // Who leaves the loop early wants no more of the stream.
      stop.abort();
    }
  }

  /** Fails with JobFailed when there is no result. */
  async wait(how: WaitOptions = {}): Promise<Result> {
    for await (const event of this.events(how))
      if (event.kind !== "change") how.onUpdate?.(this);
    return this.result();
  }

  async result(): Promise<Result> {
    if (!this.done) await this.refresh();
    if (!this.done) throw new C3Error(`job ${this.id} has not ended: ${this.status}`);
    if (this.status !== "success") throw new JobFailed(this);
    return new Result(this.client, this);
  }

  private async *follow(signal: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    let lastId = "";
    for (let lost = 0; !this.done && lost < 3;) {
      try {
        for await (const event of this.client.stream(this.id, lastId, signal)) {
          lost = 0;
          lastId = event.id || lastId;
          if (event.kind === "end") {
            // What ended is asked for, whatever the event says.
            yield { kind: "end", job: await this.refresh(signal), data: this.data };
            return;
          }
          if (event.kind !== "change" && event.kind !== "state" && event.kind !== "progress") continue;
          if (event.kind !== "change") this.data = event.data as JobData;
          yield { kind: event.kind, job: this, data: event.data };
        }
      } catch (error) {
        if (signal.aborted || error instanceof Refused) throw error;
      }
      lost += 1;
      await sleep(200 * lost, signal);
    }
    if (!this.done) console.warn(`c3: job ${this.id}: its stream is lost; it is asked for instead`);
    yield* this.poll(signal);
  }

  private async *poll(signal: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    let before: unknown[] = [];
    let pause = 500;
    while (!this.done && !(await this.refresh(signal)).done) {
      const now = [this.status, this.data.stage, this.data["attempt"], this.progress];
      const same = (most: number) => now.slice(0, most).every((x, i) => before.length > 0 && x === before[i]);
      if (!same(4)) yield { kind: same(3) ? "progress" : "state", job: this, data: this.data };
      pause = same(4) ? Math.min(pause * 1.5, 2000) : 500;
      before = now;
      await sleep(pause, signal);
    }
    yield { kind: "end", job: this, data: this.data };
  }
}

interface SendOptions {
  body?: string | FormData;
  headers?: Record<string, string>;
  /** Sent again by nobody. */
  once?: boolean;
  /** Of the whole answer, its body included. */
  signal?: AbortSignal;
  /** The caller reads the body, and `signal` lives no longer than the caller. */
  streams?: boolean;
}

export class C3 {
  readonly url: string;
  private readonly key: string;
  private readonly timeout: number;
  private readonly tries: number;

  /**
   * `timeout`: milliseconds until an answer begins, and between two pieces of its body; `tries`: how often an
   * answer is tried for.
   */
  constructor(how: { url?: string; key?: string; timeout?: number; tries?: number } = {}) {
    this.url = (how.url ?? environment("C3_URL") ?? "http://127.0.0.1:8095").replace(/\/+$/, "");
    this.key = how.key ?? environment("C3_KEY") ?? "";
    this.timeout = how.timeout ?? 30_000;
    this.tries = how.tries ?? 5;
  }

  /** Submits, follows, and gives the result. */
  async run<K extends Kind>(type: K, input: Inputs[K], how: SubmitOptions & WaitOptions = {}): Promise<Result> {
    return (await this.submit(type, input, how)).wait(how);
  }

  async submit<K extends Kind>(type: K, input: Inputs[K], how: SubmitOptions = {}): Promise<Job> {
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(input))
      if (value !== undefined)
        values[name] = fileFields.includes(name) ? await this.asInput(value as FileInput) : value;
    const body = {
      type, input: values, complete_in: how.completeIn, complete_by: how.completeBy, max_time: how.maxTime,
      metadata: how.metadata, webhook: how.webhook === undefined ? undefined : { url: how.webhook },
    };
    const data = await this.json("POST", "/v1/jobs", {
      body: JSON.stringify(body), signal: how.signal,
      // With a key a lost answer can be asked for again.
      headers: { "Content-Type": "application/json", "Idempotency-Key": how.idempotencyKey ?? crypto.randomUUID() },
    });
    return new Job(this, data.id, data);
  }

  /** A handle; nothing is asked yet. */
  job(id: string): Job { return new Job(this, id); }

  cancel(id: string): Promise<Job> { return this.job(id).cancel(); }

  /** The latest first, page by page. */
  async *jobs(filter: JobFilter = {}): AsyncGenerator<Job, void, undefined> {
    let left = filter.limit ?? Infinity;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter))
      if (value !== undefined) query.set(name, String(name === "limit" ? Math.min(left, 200) : value));
    while (left > 0) {
      const page = await this.json("GET", `/v1/jobs?${query}`) as unknown as { jobs: JobData[]; next?: string };
      for (const data of page.jobs) {
        if (left-- <= 0) return;
        yield new Job(this, data.id, data);
      }
      if (!page.next) return;
      query.set("cursor", page.next);
    }
  }

  /** Gives "file:ID", which is the value of an input. The same bytes have the same id, and are kept once. */
  async upload(file: string | Uint8Array | Blob, name?: string): Promise<string> {
    let content: Blob;
    if (typeof file === "string") {
      const bytes = await (await nodeModule<Files>("fs/promises")).readFile(file);
      content = new Blob([bytes as Uint8Array<ArrayBuffer>]);
      name ??= file.split(/[\\/]/).pop();
    } else if (file instanceof Uint8Array) {
      content = new Blob([file as Uint8Array<ArrayBuffer>]);
    } else {
      content = file;
      name ??= (file as { name?: string }).name;
    }
    const form = new FormData();
    form.set("file", content, (name || "file").replace(/[^\w.-]/g, "_"));
    return `file:${(await this.json("POST", "/v1/files", { body: form })).id}`;
  }

  private async asInput(value: FileInput): Promise<string> {
    if (value instanceof Result) return this.upload(await value.bytes(), value.name);
    if (typeof value === "string" && /^(https?:\/\/|file:)/.test(value)) return value;
    return this.upload(value);
  }

  /** @internal */
  async json(method: string, path: string, how: SendOptions = {}): Promise<JobData> {
    return await (await this.send(method, path, how)).json() as JobData;
  }

  /** All that comes here may be sent again, except with `once`. @internal */
  async send(method: string, path: string, how: SendOptions = {}): Promise<Response> {
    const tries = how.once ? 1 : this.tries;
    const headers = { ...how.headers, ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}) };
    let why = "";
    for (let n = 0; n < tries; ++n) {
      let pause = Math.min(500 * 2 ** n, 8000) * (0.5 + Math.random() / 2);
      const stop = new AbortController();
      const onAbort = () => stop.abort(how.signal?.reason);
      how.signal?.throwIfAborted();
      how.signal?.addEventListener("abort", onAbort, { once: true });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(new Error("no answer in time")), this.timeout);
      };
      alive();
      try {
        const got = await fetch(this.url + path, { method, headers, body: how.body ?? null, signal: stop.signal });
        if (got.ok) return how.streams ? got : await whole(got, alive);
        const problem = await got.json().catch(() => ({ title: got.statusText })) as Problem;
        if (!later.includes(got.status))
          throw new (got.status === 404 ? NotFound : Refused)(got.status, problem);
        why = problem.detail || `HTTP ${got.status}`;
        const after = got.headers.get("Retry-After") ?? "";
        if (/^\d+$/.test(after)) pause = Math.min(Number(after), 60) * 1000;
      } catch (error) {
        if (error instanceof Refused) throw error;
        if (how.signal?.aborted) throw how.signal.reason;
        const cause = (error as { cause?: { message?: string } }).cause;
        why = cause?.message || (error as Error).message;
      } finally {
        clearTimeout(timer);
        if (!how.streams) how.signal?.removeEventListener("abort", onAbort);
      }
      if (n + 1 < tries) await sleep(pause, how.signal);
    }
    throw new Unavailable(`${method} ${this.url}${path}: ${why}`);
  }

  /** @internal */
  async *stream(id: string, lastId: string, signal: AbortSignal):
      AsyncGenerator<{ kind: string; id: string; data: Record<string, unknown> }, void, undefined> {
    const got = await this.send("GET", `/v1/jobs/${id}/events`, {
      once: true, streams: true, signal,
      headers: { Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) },
    });
    const reader = got.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let event = { kind: "message", id: "", lines: [] as string[] };
    try {
      for (;;) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const silence = new Promise<never>((_, fail) => {
          timer = setTimeout(() => fail(new C3Error("the stream is silent")), silenceMax);
        });
        const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
        if (done) return;
        const lines = (rest + value).split(/\r?\n/);
        rest = lines.pop()!;
        for (const line of lines) {
          if (line === "") {
            if (event.lines.length > 0)
              yield { kind: event.kind, id: event.id, data: JSON.parse(event.lines.join("\n")) };
            event = { kind: "message", id: "", lines: [] };
            continue;
          }
          const [, name, text] = /^([^:]*):? ?(.*)$/.exec(line)!;
          if (name === "event") event.kind = text!;
          else if (name === "id") event.id = text!;
          else if (name === "data") event.lines.push(text!);
        }
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }
}

/**
 * Checks a webhook as Standard Webhooks defines it, and gives its body. `body` is what came, byte for byte;
 * `secret` is `whsec_…`, or several while they are changed. Fails with BadSignature. Drop a webhook whose
 * `webhook-id` you have seen: a delivery may come twice.
 */
export async function verifyWebhook(
  headers: Headers | Record<string, string | string[] | undefined>, body: string | Uint8Array,
  secret: string | readonly string[], toleranceSeconds = 300,
): Promise<{ id: string; status: string; result_url?: string; text?: string; error?: string }> {
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const byName = new Map(pairs.map(([name, value]) => [name.toLowerCase(), String(value)]));
  const id = byName.get("webhook-id") ?? "";
  const stamp = byName.get("webhook-timestamp") ?? "";
  const given = byName.get("webhook-signature") ?? "";
  if (!id || !/^\d+$/.test(stamp) || !given)
    throw new BadSignature("webhook-id, -timestamp or -signature is missing");
  if (Math.abs(Date.now() / 1000 - Number(stamp)) > toleranceSeconds)
    throw new BadSignature("the webhook is too old, or a clock is wrong");
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const content = new TextEncoder().encode(`${id}.${stamp}.${text}`);
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (x) => x.charCodeAt(0));
  for (const one of typeof secret === "string" ? [secret] : secret) {
    const key = await crypto.subtle.importKey("raw", bytes(one.replace(/^whsec_/, "")),
      { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    for (const signature of given.split(" ")) {
      const [kind, base64] = signature.split(",");
      if (kind !== "v1" || !base64 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) continue;
      // Takes the same time whatever differs.
      if (await crypto.subtle.verify("HMAC", key, bytes(base64), content)) return JSON.parse(text);
    }
  }
  throw new BadSignature("no signature fits");
}
