// The page with a fleet behind it: a worker, a cloud whose GPUs do real work.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {after, afterEach, before, describe, test} from 'node:test';
import http from 'node:http';
import path from 'node:path';
import {axeFinds, closePage, loaded, openBrowser, openPage, wellBehaved} from './browser.mjs';
import {until, World} from './world.mjs';

const cloud = ['--boot-time', '500ms', '--render-time', 'csm=3s', '--render-time', 'comfyui=1s'];

function inputs(folder) {
  const sound = path.join(folder, 'said.wav');
  execFileSync('espeak-ng', ['-w', sound, 'Good morning to all of you']);
  return {sound, face: path.join(process.env.C3_SOURCES, 'app/demo/face.jpg')};
}

describe('the page and a fleet', () => {
  let world;
  let browser;
  let page;
  let files;

  before(async () => {
    world = await World.make({cloud, env: {MAX_GPUS: '2', STATUS_ADDRESS: 'off'}});
    files = inputs(world.folder);
    browser = await openBrowser();
  });
  afterEach(async () => {
    await closePage(page);
    page = null;
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  // Submits by the form; at the end the page of the job is shown.
  async function submit(type, fill) {
    await page.goto(`/new?type=${type}`);
    await page.locator('form.new').waitFor();
    await fill();
    await page.getByRole('button', {name: 'Put it into the queue'}).click();
    await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
    return page.url().split('/').at(-1);
  }

  const shownStatus = () => page.locator('.over .status').textContent();
  const take = (label, file) =>
    page
      .getByLabel(`File: ${label}`)
      .setInputFiles(file)
      .then(() =>
        page
          .locator('.drop.has', {hasText: path.basename(file)})
          .filter({hasNotText: '% of'})
          .waitFor()
      );

  test('a job walks through its states live, and its sound plays', async () => {
    page = await openPage(browser, world.origin);
    await submit('csm', () => page.getByLabel('Text').fill('Good morning. This is the night shift.'));
    // Written down as they show: nobody loads the page again.
    await page.evaluate(() => {
      globalThis.walked = [];
      const note = () => {
        const text = document.querySelector('.over .status')?.textContent;
        if (text && globalThis.walked.at(-1) !== text) globalThis.walked.push(text);
      };
      note();
      new MutationObserver(note).observe(document.getElementById('main'), {
        subtree: true,
        childList: true,
        characterData: true
      });
    });
    await page.locator('.over .status', {hasText: 'done'}).waitFor({timeout: 60_000});
    assert.deepEqual(await page.evaluate(() => globalThis.walked), ['waiting', 'running', 'done']);

    const audio = page.locator('audio');
    await audio.waitFor();
    await audio.evaluate((x) => x.play());
    await until('the sound to play', () => audio.evaluate((x) => x.currentTime > 0.2 || x.ended));
    const first = await audio.elementHandle();
    // It plays on while the page is drawn anew each second.
    await page.waitForTimeout(2500);
    assert.ok(await first.evaluate((x) => x.isConnected));
    await page.locator('.timeline li', {hasText: 'Ended: done'}).waitFor();
    assert.match(await page.locator('[aria-labelledby=receipt]').textContent(), /\$0\.\d+/);
  });

  test('an uploaded recording becomes text', async () => {
    page = await openPage(browser, world.origin);
    await submit('whisper', () => take('audio', files.sound));
    await page.locator('.over .status', {hasText: 'done'}).waitFor({timeout: 90_000});
    assert.ok((await page.locator('.result .text').textContent()).length > 3);
  });

  test('an uploaded face and recording become a video that plays', async () => {
    page = await openPage(browser, world.origin);
    await submit('portrait', async () => {
      await take('image', files.face);
      await take('audio', files.sound);
    });
    await page.locator('.over .status', {hasText: 'done'}).waitFor({timeout: 90_000});
    const video = page.locator('video');
    await video.evaluate((x) => {
      x.muted = true;
      return x.play();
    });
    await until('the video to play', () => video.evaluate((x) => x.currentTime > 0.2 || x.ended));
    assert.ok((await video.evaluate((x) => x.videoWidth)) > 0);
  });

  test('a picture is described', async () => {
    page = await openPage(browser, world.origin);
    await submit('analyze', () => take('image', files.face));
    await page.locator('.over .status', {hasText: 'done'}).waitFor({timeout: 90_000});
    assert.ok((await page.locator('.result .text').textContent()).length > 10);
  });

  test('what is missing is said at its field, and nothing is sent', async () => {
    page = await openPage(browser, world.origin);
    const sent = [];
    page.on('request', (x) => x.method() === 'POST' && sent.push(x.url()));
    await page.goto('/new?type=analyze');
    await page.getByRole('button', {name: 'Put it into the queue'}).click();
    await page.getByText('Picture is needed.').waitFor();
    assert.deepEqual(sent, []);
    assert.match(page.url(), /\/new/);
    await page.getByRole('button', {name: /^Speech/}).click();
    await page.getByLabel('Text').fill('Hello');
    await page.locator('summary', {hasText: 'More'}).click();
    await page.getByLabel(/^Webhook/).fill('ftp://example.com/x');
    await page.getByRole('button', {name: 'Put it into the queue'}).click();
    await page.locator('.new [role=alert]').waitFor();
  });

  test('a running job is cancelled, and run again as a new one', async () => {
    page = await openPage(browser, world.origin);
    const id = await submit('csm', () => page.getByLabel('Text').fill('This one is not wanted after all.'));
    await page.locator('.over .status', {hasText: 'running'}).waitFor({timeout: 30_000});
    await page.getByRole('button', {name: 'Cancel…'}).click();
    await page.getByRole('button', {name: 'Not now'}).click();
    await page.locator('dialog').waitFor({state: 'detached'});
    await page.getByRole('button', {name: 'Cancel…'}).click();
    await page.getByRole('button', {name: 'Cancel the job'}).click();
    await page.locator('.over .status', {hasText: 'cancelled'}).waitFor();
    assert.equal((await world.job(id)).status, 'cancelled');
    await page.getByRole('button', {name: 'Run again'}).click();
    await page.waitForURL((x) => /\/jobs\/[0-9a-f-]{36}$/.test(x) && !String(x).endsWith(id));
    await page.getByRole('link', {name: id.slice(0, 8)}).waitFor();
    await page.locator('.over .status', {hasText: 'done'}).waitFor({timeout: 60_000});
  });

  test('launches are paused and resumed, and all see why', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/');
    await page.getByRole('button', {name: 'Pause launches'}).click();
    await page.getByLabel('Why (others see it)').fill('<b>the budget</b>');
    await page.locator('dialog').getByRole('button', {name: 'Pause launches'}).click();
    await page.locator('.banner', {hasText: '<b>the budget</b>'}).waitFor();
    await page.locator('.top .pill', {hasText: 'Paused'}).waitFor();
    await page.getByRole('button', {name: 'Resume launches'}).click();
    await page.locator('.banner').waitFor({state: 'detached'});
  });

  test('64 streams are open, and requests and the page are served at once', async () => {
    const streams = await Promise.all(
      Array.from(
        {length: 64},
        () =>
          new Promise((done, failed) => {
            http
              .get(`${world.origin}/v1/fleet/events`, {agent: false}, (x) => {
                x.resume();
                done(x);
              })
              .on('error', failed);
          })
      )
    );
    try {
      assert.deepEqual([...new Set(streams.map((x) => x.statusCode))], [200]);
      const took = [];
      for (let i = 0; i < 200; ++i) {
        const from = performance.now();
        assert.equal((await fetch(`${world.origin}/v1/me`)).status, 200);
        took.push(performance.now() - from);
      }
      took.sort((a, b) => a - b);
      console.log(
        `64 streams are open: a request takes ${took[100].toFixed(1)} ms, 99 % at most ${took[198].toFixed(1)} ms`
      );
      assert.ok(took[100] < 100, `${took[100]} ms`);
      page = await openPage(browser, world.origin);
      await page.goto('/');
      await page.getByRole('heading', {name: 'Now', exact: true}).waitFor();
      await page.locator('.live', {hasText: 'Live'}).waitFor();
    } finally {
      for (const x of streams) x.destroy();
    }
    await page.locator('.live', {hasText: 'Live'}).waitFor({timeout: 60_000});
  });

  test('Redis goes away and comes back, and the page says so', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/');
    await page.locator('.live', {hasText: 'Live'}).waitFor();
    world.redisServer.signal('SIGSTOP');
    try {
      await page.locator('.top .pill', {hasText: /Redis away|No answer|Trouble/}).waitFor({timeout: 60_000});
      await page.getByText('What is shown below was so before.').waitFor();
    } finally {
      world.redisServer.signal('SIGCONT');
    }
    await page.locator('.top .pill', {hasText: /OK|Attention|Problem/}).waitFor({timeout: 60_000});
  });

  for (const colorScheme of ['light', 'dark'])
    test(`axe finds nothing serious (${colorScheme})`, async () => {
      const {jobs} = await (await fetch(`${world.origin}/v1/jobs?limit=200`)).json();
      const some = new Map(jobs.map((x) => [`${x.type} ${x.status}`, `/jobs/${x.id}`]));
      page = await openPage(browser, world.origin, {colorScheme});
      for (const at of [
        '/',
        '/jobs',
        '/jobs?status=queued',
        '/gpus',
        '/webhooks',
        '/workers',
        '/new',
        '/new?type=portrait',
        ...some.values()
      ]) {
        await page.goto(at);
        await loaded(page);
        assert.deepEqual(await axeFinds(page), [], at);
      }
    });

  test('each screen fits 360 px', async () => {
    page = await openPage(browser, world.origin, {viewport: {width: 360, height: 740}});
    const {jobs} = await (await fetch(`${world.origin}/v1/jobs?limit=1`)).json();
    for (const at of ['/', '/jobs', '/gpus', '/webhooks', '/workers', '/new', `/jobs/${jobs[0].id}`]) {
      await page.goto(at);
      await loaded(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${at} is ${over} px too wide`);
    }
  });
});

describe('a GPU that no worker has rented', () => {
  let world;
  let browser;
  let page;

  // Another worker's heartbeat. `list`: of the time now, in seconds.
  function told(list) {
    const at = Math.floor(Date.now() / 1000);
    world.redis('HSET', 'c3:worker:quay-2', 'seen_at', at, 'draining', '0', 'provider', JSON.stringify(list(at)));
    world.redis('ZADD', 'c3:workers', (at + 600) * 1000, 'quay-2');
  }

  async function stranger(type) {
    const answer = await fetch(`${world.env.C3_API_URL}/launch`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'X-C3-API-KEY': world.env.C3_API_KEY},
      body: JSON.stringify({type, expires: Math.floor(Date.now() / 1000) + 3600})
    });
    assert.equal(answer.status, 200);
    return (await answer.json()).workload;
  }

  before(async () => {
    world = await World.make({cloud, worker: false});
    browser = await openBrowser();
    page = await openPage(browser, world.origin);
  });
  after(async () => {
    await closePage(page);
    await browser?.close();
    await world?.close();
  });

  test('is shown as not in the ledger, and told when it grows old', {timeout: 120_000}, async () => {
    await page.goto('/gpus');
    await page.getByText('No worker has told what the provider lists.').waitFor();
    const workload = await stranger('media:fast');
    await stranger('ollama_webui:large');
    world.startWorker({WORKER_ID: 'quay-1'});
    const line = page.locator('.quiet-line', {hasText: 'The provider listed 1 GPU'});
    await line.waitFor({timeout: 40_000});
    assert.match(await line.textContent(), /, and 1 of types that no worker rents; one is not in the ledger\.$/);
    const row = page.locator('#main tr', {hasText: workload});
    await row.getByText('A launch whose answer was lost is found within ten minutes.').waitFor();
    assert.equal(await row.locator('button').count(), 0);
    await page.getByText('No worker has rented a GPU.').waitFor();
    const {gpus, provider} = await (await fetch(`${world.origin}/v1/gpus`)).json();
    assert.deepEqual(gpus, []);
    assert.deepEqual(
      provider.unknown.map((x) => [x.workload, x.type, x.young]),
      [[workload, 'media:fast', true]]
    );
    assert.deepEqual(await axeFinds(page), []);

    // Ten minutes are long for a test: another worker has seen it for an hour. No later
    // look of the first one takes its place.
    told((at) => ({
      at: at + 200,
      types: {'media:fast': 1, 'ollama_webui:fast': 0},
      unknown: [{workload, type: 'media:fast', created: at - 3600, since: at - 3000}]
    }));
    await row.getByText('Rented by hand or by another fleet, or lost.').waitFor();
    await page.goto('/');
    await page.getByRole('link', {name: new RegExp(`1 GPU runs at the provider.*${workload.slice(0, 8)}`)}).click();
    await row.waitFor();
    await page.locator('.top .pill', {hasText: 'Attention'}).waitFor();

    told((at) => ({at: at + 201, types: {'media:fast': 0, 'ollama_webui:fast': 0}, unknown: []}));
    await row.waitFor({state: 'detached'});
    await wellBehaved(page);
  });
});

describe('a worker that dies', () => {
  let world;
  let browser;
  let page;

  before(async () => {
    world = await World.make({cloud, worker: false});
    browser = await openBrowser();
    page = await openPage(browser, world.origin);
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  test('is shown so, and again when it returns', {timeout: 180_000}, async () => {
    await page.goto('/workers');
    await page.getByText('No worker is alive.', {exact: true}).waitFor();
    const name = {WORKER_ID: 'harbour-1'};
    world.startWorker(name);
    const card = page.locator('.worker', {hasText: 'harbour-1'});
    await card.locator('.pill', {hasText: 'works'}).waitFor({timeout: 40_000});
    await world.worker.kill();
    await card.locator('.pill', {hasText: /gone|silent/}).waitFor({timeout: 90_000});
    world.startWorker(name);
    await card.locator('.pill', {hasText: 'works'}).waitFor({timeout: 60_000});
    assert.equal(await card.count(), 1);
    await wellBehaved(page);
  });
});
