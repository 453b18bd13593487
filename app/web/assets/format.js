// Numbers, times and names for people.

let ahead = 0;
// The service's clock counts: a browser's may be wrong by minutes.
export function setClock(seconds) {
  ahead = seconds - Date.now() / 1000;
}
export const now = () => Date.now() / 1000 + ahead;

export function span(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.max(0, seconds);
  if (s < 9.95) return `${Number.isInteger(s) ? s : s.toFixed(1)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(Math.floor(s % 60))} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// In one unit, for what is only roughly so.
export function roughly(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

export function ago(at) {
  const s = now() - at;
  if (s < -1) return `in ${roughly(-s)}`;
  return s < 2 ? 'now' : `${roughly(s)} ago`;
}

// Made once: to make one takes longer than all the rest of a row.
const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium'});
const hour = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
const second = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});

// Producers write what they like: not every number is a time that there is.
export const isTime = (at) => Math.abs(at) < 8.64e12;
export const absolute = (at) => (isTime(at) ? day.format(at * 1000) : '');
export const clock = (at, seconds = true) => (isTime(at) ? (seconds ? second : hour).format(at * 1000) : '–');

export function dollars(x) {
  if (!Number.isFinite(x)) return '–';
  return `$${x > 0 && x < 0.995 ? x.toFixed(x < 0.01 ? 4 : 3) : x.toFixed(2)}`;
}

export const percent = (x) => (Number.isFinite(x) ? `${Math.round(x * 100)} %` : '–');

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`;
}

export const whole = (n) => n.toLocaleString('en');

export function counted(n, one, many = `${one}s`) {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

const pad = (n) => String(n).padStart(2, '0');

// A command keeps its letters.
export const capital = (text) =>
  text.startsWith('c3ctl ') ? text : text.charAt(0).toUpperCase() + text.slice(1);
// A sentence of what begins small and has no full stop.
export const sentence = (text) => capital(text) + (/[.!?:]$/.test(text) ? '' : '.');

// At most `n` characters; never half of a pair.
export function cut(text, n) {
  const s = String(text);
  return s.length <= n ? s : `${[...s.slice(0, n)].slice(0, -1).join('')}…`;
}

export const kinds = {
  csm: {name: 'Speech', what: 'A voice reads a text'},
  whisper: {name: 'Transcript', what: 'Speech becomes text'},
  portrait: {name: 'Portrait', what: 'A face speaks a recording'},
  analyze: {name: 'Picture', what: 'A picture is described'}
};

export const statuses = {
  queued: 'waiting',
  running: 'running',
  success: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  timed_out: 'timed out'
};

export const ended = (job) => !['queued', 'running'].includes(job.status);

// The id of an upload, of "file:ID" and of the address that a record has for it.
export function uploadOf(text) {
  return /^(?:file:|https?:\/\/[^?#]*\/v1\/files\/)([0-9a-f]{64})$/.exec(text)?.[1];
}

// What a job is about, in a line.
export function gist(job) {
  const x = job.input || {};
  if (job.type === 'csm') {
    const said = Array.isArray(x.monologue) ? x.monologue.join(' ') : (x.text ?? x.monologue);
    return said ? cut(said, 90) : '';
  }
  if (job.type === 'analyze' && x.prompt) return cut(x.prompt, 90);
  const from = x.audio ?? x.audio_url ?? x.image ?? x.image_url ?? '';
  const upload = uploadOf(from);
  return upload ? `uploaded file ${upload.slice(0, 12)}` : cut(String(from).replace(/^https?:\/\//, ''), 90);
}

// Seconds until a running job has probably ended, or null.
export function timeLeft(job) {
  const run = now() - (job.started_at || now());
  if (!(job.progress > 0.03) || run < 1) return null;
  return Math.max(0, run / job.progress - run);
}
