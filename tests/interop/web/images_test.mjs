// Makes the pictures of the README, when WEB_IMAGES names a folder for them: a
// fleet of this machine that has worked for two minutes. Its last day is made up.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {openBrowser, openPage, wellBehaved} from './browser.mjs';
import {World} from './world.mjs';

const folder = process.env.WEB_IMAGES;
const cloud = [
  '--boot-time',
  '6s',
  '--render-time',
  'csm=7s',
  '--render-time',
  'whisper=5s',
  '--render-time',
  'comfyui=12s'
];
const texts = [
  'Good morning. The night shift has rendered everything, and nothing is left over.',
  'The ferry leaves at a quarter past nine, from the pier behind the harbour office.',
  'Please hold the line; somebody will be with you in a moment.',
  'Turn left at the lighthouse, then follow the harbour wall to its end.'
];

function lastDay() {
  // The service has taken a sample of now already.
  const out = [['DEL', 'c3:samples']];
  const now = Date.now();
  for (let minute = 1439; minute > 4; --minute) {
    const hour = ((now / 60000 - minute) / 60) % 24;
    const turn = ((hour - 8) / 24) * 2 * Math.PI;
    const busy = 0.55 + 0.35 * Math.sin(turn) + 0.15 * Math.sin(3 * turn + 1);
    const rough = 0.75 + 0.5 * Math.abs(Math.sin(minute * 12.9898) % 1);
    const gpus = Math.max(1, Math.round(5 * busy * rough));
    out.push([
      'XADD',
      'c3:samples',
      `${now - minute * 60000}-0`,
      'waiting',
      Math.round(7 * busy * rough),
      'running',
      Math.max(0, Math.round(gpus * 0.85)),
      'gpus',
      gpus,
      'usd_per_hour',
      (gpus * 1.2).toFixed(2),
      'idle_share',
      (0.36 - 0.2 * busy).toFixed(3)
    ]);
  }
  return out;
}

async function upload(world, file) {
  const form = new FormData();
  form.append('file', new Blob([fs.readFileSync(file)]), path.basename(file));
  const answer = await fetch(`${world.origin}/v1/files`, {method: 'POST', body: form});
  return `file:${(await answer.json()).id}`;
}

// 256 colours are enough for a page, and for a drawn face.
function reduce(from, to) {
  const graph = 'split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none';
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', from, '-filter_complex', graph, to]);
}

test('pictures for the README', {skip: !folder, timeout: 300_000}, async () => {
  const world = await World.make({cloud, env: {MAX_GPUS: '4', WORKER_ID: 'harbour-1'}});
  const browser = await openBrowser();
  try {
    world.redisAll(lastDay());
    const sound = path.join(world.folder, 'said.wav');
    execFileSync('espeak-ng', ['-w', sound, texts.join(' ')]);
    const audio = await upload(world, sound);
    const image = await upload(world, path.join(process.env.C3_SOURCES, 'app/demo/face.jpg'));
    const make = [
      (i) => world.submit('csm', {text: texts[i % texts.length]}),
      () => world.submit('portrait', {image, audio}),
      () => world.submit('whisper', {audio}),
      (i) => world.submit('csm', {text: texts[(i + 1) % texts.length]})
    ];
    for (let i = 0; i < 44; ++i) {
      await make[i % make.length](i);
      await sleep(i % 9 === 8 ? 9000 : 2600);
    }
    // Some wait and some run while the picture is made.
    for (let i = 0; i < 5; ++i) await world.submit('csm', {text: texts[i % texts.length]});
    const page = await openPage(browser, world.origin, {viewport: {width: 1180, height: 980}});
    await page.goto('/');
    await page.locator('.gantt').waitFor();
    await page.waitForTimeout(5000);
    fs.mkdirSync(folder, {recursive: true});
    await page.screenshot({path: path.join(world.folder, 'now.png')});
    const {jobs} = await (await fetch(`${world.origin}/v1/jobs?type=portrait&status=success`)).json();
    await page.goto(`/jobs/${jobs[0].id}`);
    await page.locator('video').evaluate(
      (x) =>
        new Promise((done) => {
          x.addEventListener('seeked', done, {once: true});
          x.currentTime = 1.3;
        })
    );
    await page.waitForTimeout(3500);
    await page.screenshot({path: path.join(world.folder, 'job.png')});
    await wellBehaved(page);
    for (const name of ['now', 'job']) {
      const file = path.join(folder, `${name}.png`);
      reduce(path.join(world.folder, `${name}.png`), file);
      assert.ok(fs.statSync(file).size < 150_000, name);
    }
  } finally {
    await browser.close();
    await world.close();
  }
});
