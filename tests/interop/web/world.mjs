// Redis, a cloud, workers and the service as real programs on free ports, all in
// one temporary folder; they end with the test.
import {spawn, execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const programs = process.env.INTEROP_PROGRAMS;

export function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const {port} = server.address();
      server.close(() => done(port));
    });
  });
}

export async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(50);
  }
}

function answers(port) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => done(true)).on('error', () => done(false));
    socket.on('connect', () => socket.destroy());
  });
}

class Program {
  constructor(name, argv, env, log) {
    this.name = name;
    this.log = log;
    const out = fs.openSync(log, 'a');
    // A group of its own: what it starts ends with it.
    this.child = spawn(argv[0], argv.slice(1).map(String), {
      env: {PATH: process.env.PATH, HOME: os.tmpdir(), ...env},
      stdio: ['ignore', out, out],
      detached: true
    });
    fs.closeSync(out);
    this.ended = new Promise((done) => this.child.on('exit', (code) => done(code ?? -1)));
  }

  async ready(port) {
    let code;
    this.ended.then((x) => {
      code = x;
    });
    await until(`${this.name} on port ${port}`, () => {
      if (code !== undefined) throw new Error(`${this.name} ended with ${code}:\n${this.output()}`);
      return answers(port);
    });
    return this;
  }

  output() {
    return fs.readFileSync(this.log, 'utf8').slice(-8000);
  }

  signal(name) {
    try {
      process.kill(-this.child.pid, name);
    } catch {
      // It has ended already.
    }
  }

  kill() {
    this.signal('SIGKILL');
    return this.ended;
  }

  async stop() {
    this.signal('SIGTERM');
    const done = await Promise.race([this.ended, sleep(15_000, 'late', {ref: false})]);
    if (done === 'late') await this.kill();
    this.signal('SIGKILL');
  }
}

export class World {
  // `cloud`: with GPUs to rent, by these options. `worker`: one is started, with
  // the service in it; else the service stands alone. `keys`: {name: [role, key]}.
  static async make({cloud, worker = Boolean(cloud), keys, env = {}} = {}) {
    const world = new World();
    world.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'web-'));
    world.programs = [];
    world.env = {
      OUTPUT_DIR: path.join(world.folder, 'output'),
      STATUS_ADDRESS: 'off',
      LOG_LEVEL: 'info',
      PRE_LAUNCH_TIMEOUT: '0',
      PRE_LAUNCH_TIMEOUT_MAX: '0',
      RENDER_POLLING_INTERVAL: '0.2',
      GPU_IDLE_TIMEOUT: '60',
      GPU_PRICES: 'media:fast=1.20,ollama_webui:fast=0.30',
      C3_API_KEY: 'none',
      ALLOW_PRIVATE_URLS: '127.0.0.0/8',
      // The page from disk, while it is worked on.
      ...(process.env.WEB_ASSETS && {WEB_ASSETS: process.env.WEB_ASSETS}),
      ...env
    };
    try {
      await world.startRedis();
      if (cloud) await world.startCloud(cloud);
      if (keys) world.writeKeys(keys);
      const port = await freePort();
      world.origin = `http://127.0.0.1:${port}`;
      world.webEnv = {WEB_ADDRESS: `127.0.0.1:${port}`};
      world.web = worker
        ? await world.startWorker(world.webEnv)
        : world.run('c3-render-web', [], world.webEnv);
      await world.web.ready(port);
    } catch (problem) {
      await world.close();
      throw problem;
    }
    return world;
  }

  run(name, argv = [], env = {}) {
    const log = path.join(this.folder, `${name}-${this.programs.length}.log`);
    const program = new Program(name, [path.join(programs, name), ...argv], {...this.env, ...env}, log);
    this.programs.push(program);
    return program;
  }

  async startRedis() {
    this.redisPort = await freePort();
    const program = new Program(
      'redis-server',
      [
        'redis-server',
        '--port',
        this.redisPort,
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        this.folder
      ],
      {},
      path.join(this.folder, 'redis.log')
    );
    this.programs.push(program);
    this.redisServer = await program.ready(this.redisPort);
    Object.assign(this.env, {REDIS_HOST: '127.0.0.1', REDIS_PORT: String(this.redisPort)});
  }

  async startCloud(options) {
    const port = await freePort();
    const file = path.join(this.folder, 'cloud.env');
    await this.run('c3-local-cloud', ['--listen', `127.0.0.1:${port}`, '--env-file', file, ...options]).ready(
      port
    );
    await until('the settings of the cloud', () => fs.existsSync(file));
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const at = line.indexOf('=');
      if (/^[A-Z]/.test(line) && at > 0) this.env[line.slice(0, at)] = line.slice(at + 1);
    }
  }

  startWorker(env = {}) {
    this.worker = this.run('c3-render-worker', ['--env-file', '/dev/null'], env);
    return this.worker;
  }

  writeKeys(keys) {
    const file = path.join(this.folder, 'keys');
    const hash = (x) => createHash('sha256').update(x).digest('hex');
    fs.writeFileSync(
      file,
      Object.entries(keys)
        .map(([name, [role, key]]) => `${name} ${role} ${hash(key)}\n`)
        .join(''),
      {mode: 0o600}
    );
    this.env.WEB_KEYS_FILE = file;
  }

  redis(...words) {
    return execFileSync('redis-cli', ['-p', this.redisPort, ...words.map(String)], {encoding: 'utf8'}).trim();
  }

  // Many commands at once, each a list of words.
  redisAll(commands) {
    const word = (x) => {
      const s = Buffer.from(String(x));
      return `$${s.length}\r\n${s}\r\n`;
    };
    const input = commands.map((x) => `*${x.length}\r\n${x.map(word).join('')}`).join('');
    execFileSync('redis-cli', ['-p', this.redisPort, '--pipe'], {input, maxBuffer: 1 << 28});
  }

  async submit(type, input, more = {}) {
    const answer = await fetch(`${this.origin}/v1/jobs`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({type, input, ...more})
    });
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    return (await answer.json()).id;
  }

  async job(id) {
    return (await fetch(`${this.origin}/v1/jobs/${id}`)).json();
  }

  async close() {
    for (const x of [...this.programs].reverse()) await x.stop();
    fs.rmSync(this.folder, {recursive: true, force: true});
  }

  logs() {
    return this.programs.map((x) => `--- ${x.name}\n${x.output()}`).join('\n');
  }
}

// Commands that make the records of jobs which have ended.
export function endedJobs(
  count,
  {status = 'success', type = 'csm', id = (i) => `ended-${String(i).padStart(6, '0')}`, data, more = {}} = {}
) {
  const out = [];
  const now = Date.now();
  for (let i = 0; i < count; ++i) {
    const end = now / 1000 - 2 - i * 3;
    const name = id(i);
    const failed =
      status === 'failed'
        ? ['error', 'GPUs or services failed; 3 attempts were made', 'error_code', 'unavailable']
        : [];
    const result = status === 'success' ? ['result', 'Hello'] : [];
    out.push([
      'HSET',
      `job:${name}`,
      'id',
      name,
      'type',
      type,
      'status',
      status,
      'created_at',
      Math.floor(end - 60),
      'started_at',
      (end - 20).toFixed(3),
      'finished_at',
      end.toFixed(3),
      'complete_by',
      Math.floor(end + 3000),
      'max_time',
      600,
      'data',
      JSON.stringify(data || {text: `Sentence number ${i} of the night shift`}),
      'attempt',
      1,
      'worker',
      'seeded-1',
      'waited_s',
      40,
      'settled_by',
      'seeded-1 1',
      'receipt',
      JSON.stringify({seconds: 20, own_s: 18, boot_s: 1, idle_s: 1, usd: 0.0067}),
      ...failed,
      ...result,
      ...Object.entries(more).flat()
    ]);
    for (const key of ['c3:ended', `c3:ended:${type}`, `c3:ended:${status}`])
      out.push(['ZADD', key, Math.floor(end * 1000), name]);
  }
  return out;
}
