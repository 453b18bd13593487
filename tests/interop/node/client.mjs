// The official JavaScript client, driven line by line: a JSON object in, one
// out. Usage: client.mjs CSM_URL WHISPER_URL API_KEY SOUND_FILE
import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [csmUrl, whisperUrl, key, sound, packages] = process.argv.slice(2);
const require = createRequire(packages + "/package.json");
const { Client } = await import(
  pathToFileURL(require.resolve("@gradio/client")));

const headers = { "X-C3-API-KEY": key };
const connect = (url) =>
  Client.connect(url, { headers, events: ["data", "status"] });
// The server closes a session's stream behind its last call. A call that joins
// at that moment waits on the closed stream for ever, at the real server too; so
// each call gets a session of its own.
const newCsm = () => connect(csmUrl);
const newWhisper = () => connect(whisperUrl);
const recording = async () =>
  new File([await readFile(sound)], "speech.wav", { type: "audio/wav" });

let held;
let heldStage = "";
let heldEnd;

async function fetched(file) {
  const got = await fetch(file.url, { headers });
  const bytes = Buffer.from(await got.arrayBuffer());
  return got.ok ? bytes.subarray(0, 3).toString("hex") : `HTTP ${got.status} ${file.url}`;
}

const actions = {
  async describe() {
    const names = async (app, endpoint) =>
      (await app.view_api()).named_endpoints[endpoint].parameters.map(
        (x) => x.parameter_name);
    return {
      csm: await names(await newCsm(), "/generate_monologue_audio"),
      whisper: await names(await newWhisper(), "/transcribe_audio"),
    };
  },
  async monologue({ values, clone }) {
    if (clone) values.speaker_audio = await recording();
    const got = await (await newCsm()).predict("/generate_monologue_audio", values);
    return await fetched(got.data[0]);
  },
  async transcribe({ values }) {
    const got = await (await newWhisper()).predict("/transcribe_audio", {
      audio_file: await recording(), ...values });
    return {
      text: got.data[0],
      files: (got.data[1] ?? []).map((x) => x.orig_name),
    };
  },
  async start({ values }) {
    heldStage = "";
    held = (await newCsm()).submit("/generate_monologue_audio", values);
    heldEnd = (async () => {
      for await (const x of held) {
        if (x.original_msg === "process_starts") heldStage = "PROCESSING";
        if (x.type === "data") return "a result";
      }
      return "no result";
    })();
  },
  async stage() {
    return heldStage;
  },
  async cancel() {
    await held.cancel();
    return await Promise.race([
      heldEnd, new Promise((f) => setTimeout(f, 3000, "nothing"))]);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await actions[order.do](order)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  console.log("=" + JSON.stringify(answer));
}
process.exit(0);
