// Jobs whose authors mean ill, and people who may do less: the service alone.
import assert from 'node:assert/strict';
import {after, afterEach, before, describe, test} from 'node:test';
import {axeFinds, closePage, loaded, openBrowser, openPage, rows, wellBehaved} from './browser.mjs';
import {endedJobs, until, World} from './world.mjs';

describe('hostile jobs', () => {
  let world;
  let browser;
  let page;
  const markup = '<img src=x onerror="alert(1)"><script>alert(2)</script><svg onload=alert(3)>';
  const rtl = '\u202Egnitirw\u202C مرحبا بالعالم';

  before(async () => {
    world = await World.make({});
    const nasty = {
      error: `${markup} failed`,
      error_detail: `${markup} in detail`,
      worker: '"><b>w</b>',
      gpu: 'javascript:alert(4)',
      stages: `1 ${markup}`,
      attempt_1: JSON.stringify({worker: markup, gpu: markup, began: 1, ended: 2, how: markup}),
      result_url: 'javascript:alert(5)',
      notice: markup
    };
    world.redisAll([
      ...endedJobs(1, {
        id: () => 'nasty-1',
        status: 'failed',
        data: {text: `${markup} ${rtl}`, [`${markup}`]: markup},
        more: nasty
      }),
      ...endedJobs(1, {
        id: () => 'nasty-2',
        type: 'whisper',
        data: {audio_url: 'javascript:alert(6)'},
        more: {result: `${markup} ${rtl} `.repeat(9_000)}
      }),
      ...endedJobs(1, {id: () => 'nasty-3', type: markup.slice(0, 30), data: {text: 'x'.repeat(1_000_000)}}),
      ...endedJobs(1, {
        id: () => 'nasty-4',
        data: {text: 7, voice: {a: [null]}, monologue: [1, [2]]},
        more: {
          created_at: '1e300',
          complete_by: 'nan',
          started_at: '-1e99',
          waited_s: 'inf',
          attempt: '1e9',
          receipt: '[1]'
        }
      }),
      ['XADD', 'c3:events', '*', 'what', markup, 'job', 'nasty-1', 'reason', markup]
    ]);
    browser = await openBrowser();
    page = await openPage(browser, world.origin);
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  // With the text that shows when all is there.
  for (const [at, shown] of [
    ['/jobs', 'onerror='],
    ['/jobs?q=nasty', 'onerror='],
    ['/jobs/nasty-1', 'onerror='],
    ['/jobs/nasty-2', 'onerror='],
    ['/jobs/nasty-3', 'xxxx'],
    ['/jobs/nasty-4', 'nasty-4'],
    ['/', 'No worker is alive'],
    ['/jobs/%3Cscript%3E', 'There is no job with this id.'],
    ['/jobs?worker=%3Cimg%20src%3Dx%3E', 'job matches.'],
    ['/jobs/%E0%A4', 'There is no such page']
  ])
    test(`${at} shows text, and does nothing else`, async () => {
      await page.goto(at);
      await loaded(page);
      await page.locator('#main').getByText(shown).first().waitFor();
      for (const x of await page.locator('summary').all()) await x.click();
      await page.waitForTimeout(300);
      const inside = await page.evaluate(() => ({
        made: document.querySelectorAll(
          '#main script, #main img:not([src]), #main img[src="x"], #main svg[onload], #main b b, #main [onerror]'
        ).length,
        bold: [...document.querySelectorAll('#main b')].filter((x) => x.textContent === 'w').length,
        links: [...document.querySelectorAll('a')]
          .map((x) => x.href)
          .filter((x) => !/^https?:|^blob:/.test(x)),
        nodes: document.querySelectorAll('*').length,
        long: Math.max(...[...document.querySelectorAll('#main .text')].map((x) => x.textContent.length), 0)
      }));
      assert.deepEqual(inside.links, []);
      assert.equal(inside.made, 0);
      assert.equal(inside.bold, 0);
      assert.ok(inside.nodes < 5_000, `${inside.nodes} nodes`);
      assert.ok(inside.long < 6_000, `${inside.long} characters at once`);
      await wellBehaved(page);
    });

  test('what makes the document takes known tags, attributes and addresses only', async () => {
    await page.goto('/login');
    const got = await page.evaluate(async () => {
      const {h, patch, safeUrl} = await import(new URL('assets/h.js', document.baseURI).href);
      const root = document.createElement('div');
      const refused = (f) => {
        try {
          f();
          return false;
        } catch {
          return true;
        }
      };
      const attribute = (name) => refused(() => patch(root, [h('p', {[name]: 'alert(1)'})]));
      patch(root, [h('a', {href: 'java\nscript:alert(1)', key: 1}, '<b>x</b>', 0, null, false, ['y'])]);
      return {
        tags: ['script', 'iframe', 'object', 'embed', 'style', 'link', 'base', 'meta', 'foreignObject'].map(
          (x) => refused(() => h(x))
        ),
        names: ['onclick', 'style', 'srcdoc', 'action', 'formaction', 'xlink:href', 'srcset'].map(attribute),
        text: root.textContent,
        inside: root.firstChild.childElementCount,
        links: [
          'javascript:alert(1)',
          ' JaVaScRiPt:alert(1)',
          'data:text/html,x',
          'vbscript:x',
          'file:///etc/passwd',
          'http://'
        ].map((x) => safeUrl(x)),
        source: safeUrl('https://elsewhere.example/x.png', false),
        kept: [safeUrl('https://elsewhere.example/x'), safeUrl('jobs/1')],
        href: root.firstChild.getAttribute('href')
      };
    });
    assert.ok([...got.tags, ...got.names].every(Boolean));
    assert.equal(got.text, '<b>x</b>0y');
    assert.equal(got.inside, 0);
    assert.deepEqual([...new Set([...got.links, got.source, got.href])], ['#']);
    assert.deepEqual(got.kept, ['https://elsewhere.example/x', `${world.origin}/jobs/1`]);
  });

  test('text that runs from right to left keeps to itself', async () => {
    await page.goto('/jobs/nasty-1');
    await page.locator('[aria-labelledby=input] .text', {hasText: 'مرحبا'}).waitFor();
    // What follows is where it always is: the id, left of its button.
    const id = await page.locator('.id-line code').boundingBox();
    const button = await page.getByRole('button', {name: 'Copy id'}).boundingBox();
    assert.ok(id.x < button.x);
    assert.deepEqual(await axeFinds(page), []);
  });

  test('a very long text comes whole for who asks', async () => {
    await page.goto('/jobs/nasty-2');
    await page
      .getByRole('button', {name: /^Show all/})
      .first()
      .click();
    await until('all of it', () =>
      page.locator('.result .text').evaluate((x) => x.textContent.length > 100_000)
    );
    await wellBehaved(page);
  });
});

describe('keys', () => {
  let world;
  let browser;
  let page;
  const keys = {
    looker: ['view', 'look-key-0123456789abcdef'],
    boss: ['operate', 'boss-key-0123456789abcdef']
  };

  before(async () => {
    world = await World.make({keys});
    world.redisAll([...endedJobs(3), ...endedJobs(3, {status: 'failed', id: (i) => `failed-${i}`})]);
    browser = await openBrowser();
  });
  afterEach(() => closePage(page));
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  async function login(key, to = '/') {
    page = await openPage(browser, world.origin);
    await page.goto(to);
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', {name: 'Log in'}).click();
  }

  test('without one there is a log-in and nothing else; a wrong one is told', async () => {
    await login('wrong');
    await page.getByText('This key is not known here.').waitFor();
    assert.equal(await page.locator('.top').count(), 0);
    assert.equal((await fetch(`${world.origin}/v1/fleet`)).status, 401);
    assert.equal((await fetch(`${world.origin}/v1/jobs`)).status, 401);
  });

  test('a log-in leads to where one wanted to go, and not elsewhere', async () => {
    await login(keys.boss[1], '/jobs?status=failed');
    await page.locator(rows).first().waitFor();
    assert.match(page.url(), /\/jobs\?status=failed$/);
    await page.getByRole('button', {name: 'Log out'}).click();
    await page.getByLabel('Key').waitFor();
    await page.goto('/login?to=https://example.com/');
    await page.getByLabel('Key').fill(keys.boss[1]);
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.locator('.top').waitFor();
    assert.equal(new URL(page.url()).origin, world.origin);
  });

  test('who may only look has no buttons, and the routes refuse as well', async () => {
    await login(keys.looker[1]);
    await page.getByText('Read-only').waitFor();
    for (const at of ['/', '/jobs', '/jobs/failed-0', '/gpus', '/webhooks', '/workers', '/new']) {
      await page.goto(at);
      await loaded(page);
      const buttons = await page.locator('#main button').allTextContents();
      assert.deepEqual(
        buttons.filter((x) => /Cancel|Run|Pause|Drain|Stop|Try|queue/.test(x)),
        [],
        at
      );
      assert.equal(await page.locator('#main input[type=checkbox]').count(), 0, at);
    }
    const answers = await page.evaluate(async () => {
      const routes = [
        'v1/jobs',
        'v1/jobs/bulk',
        'v1/jobs/failed-0/cancel',
        'v1/jobs/failed-0/retry',
        'v1/files',
        'v1/fleet/pause',
        'v1/fleet/resume',
        'v1/gpus/x/drain',
        'v1/gpus/x/stop',
        'v1/workers/x/drain',
        'v1/webhooks/x/replay'
      ];
      const out = {};
      for (const x of routes)
        out[x] = (
          await fetch(x, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})
        ).status;
      return out;
    });
    for (const [route, code] of Object.entries(answers)) assert.equal(code, 403, route);
    assert.equal(world.redis('LLEN', 'queue:jobs'), '0');
  });
});
