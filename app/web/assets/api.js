// Requests to the service. Addresses are relative to the page's base.

// An answer that is not a success; `status` 0: nobody answered.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.title = body.title || `HTTP ${status}`;
    this.errors = body.errors || [];
    this.job = body.job;
  }
}

let whenLocked = () => {};
export function onLocked(f) {
  whenLocked = f;
}

const noAnswer = {
  title: 'The service does not answer',
  detail: 'The service does not answer. It may be restarting, or the network is away.'
};

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function fail(status, text) {
  const problem = new Problem(status, read(text));
  if (status === 401) whenLocked();
  throw problem;
}

async function call(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? headers : {'Content-Type': 'application/json', ...headers},
      body: body === undefined ? undefined : JSON.stringify(body)
    });
  } catch {
    throw new Problem(0, noAnswer);
  }
  const text = await answer.text();
  if (!answer.ok) fail(answer.status, text);
  return text ? read(text) : {};
}

export const get = (path) => call('GET', path);
export const post = (path, body, headers) => call('POST', path, body, headers);

// "a=1&b=2" of those that have a value.
export function query(values) {
  const out = new URLSearchParams();
  for (const name in values)
    if (values[name] !== undefined && values[name] !== '') out.set(name, values[name]);
  const text = out.toString();
  return text ? `?${text}` : '';
}

// `progress(share)` while it goes out. fetch() does not tell that.
export function upload(file, progress) {
  return new Promise((done, failed) => {
    const form = new FormData();
    form.append('file', file, file.name);
    const request = new XMLHttpRequest();
    request.open('POST', 'v1/files');
    request.upload.addEventListener('progress', (x) => {
      if (x.lengthComputable) progress(x.loaded / x.total);
    });
    request.addEventListener('error', () => failed(new Problem(0, noAnswer)));
    request.addEventListener('load', () => {
      try {
        if (request.status >= 300) fail(request.status, request.responseText);
        done(read(request.responseText));
      } catch (problem) {
        failed(problem);
      }
    });
    request.send(form);
  });
}
