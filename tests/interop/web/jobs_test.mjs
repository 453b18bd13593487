// The page and many jobs: the service alone, with records that are written here.
import assert from 'node:assert/strict';
import {after, afterEach, before, describe, test} from 'node:test';
import {closePage, openBrowser, openPage, rows, wellBehaved} from './browser.mjs';
import {endedJobs, until, World} from './world.mjs';

const words = (page) => page.getByRole('searchbox', {name: 'Words', exact: true});

describe('many jobs', () => {
  let world;
  let browser;
  let page;

  before(async () => {
    world = await World.make({});
    world.redisAll([
      ...endedJobs(9_850),
      ...endedJobs(150, {
        status: 'failed',
        type: 'whisper',
        id: (i) => `failed-${i}`,
        data: {audio_url: 'https://media.example.com/calls/7.mp3'}
      })
    ]);
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

  // Calls a function of the page's own state.
  const onPage = (f, x) =>
    page.evaluate(`import(new URL('assets/state.js', document.baseURI).href)
      .then(({app}) => { (${f})(app, ${JSON.stringify(x)}); })`);

  test('10,000 ended ones: the first paint takes less than a second', async () => {
    const took = [];
    let weight = 0;
    let heap = 0;
    for (let i = 0; i < 3; ++i) {
      page = await openPage(browser, world.origin);
      await page.addInitScript(() => {
        new MutationObserver(() => {
          if (globalThis.painted === undefined && document.querySelector('tbody tr'))
            globalThis.painted = performance.now();
        }).observe(document, {subtree: true, childList: true});
      });
      await page.goto('/jobs');
      took.push(await until('rows', () => page.evaluate(() => globalThis.painted)));
      weight = await page.evaluate(() =>
        performance
          .getEntriesByType('resource')
          .concat(performance.getEntriesByType('navigation'))
          .filter((x) => !x.name.includes('/v1/'))
          .reduce((sum, x) => sum + x.encodedBodySize, 0)
      );
      heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
      await wellBehaved(page);
      await page.context().close();
    }
    page = null;
    took.sort((a, b) => a - b);
    console.log(
      `rows show after ${took[1].toFixed(0)} ms; files of ${(weight / 1000).toFixed(0)} kB; heap of ${(heap / 1e6).toFixed(1)} MB`
    );
    assert.ok(took[1] < 1000, `${took}`);
  });

  test('one is found by its id, by words, and by keys alone', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs');
    await page.locator(rows).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('failed-77');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\/failed-77$/);
    await page.getByRole('heading', {name: 'Why it failed'}).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('number 4711 shift');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=number/);
    await until('one row', async () => (await page.locator(rows).count()) === 1);
    await page.locator(rows, {hasText: 'Sentence number 4711'}).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\/ended-004711$/);
    await page.keyboard.press('?');
    await page.locator('dialog').getByText('find a job').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({state: 'detached'});
  });

  test('filters survive a reload, the way back, and pages', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs');
    await page.getByRole('button', {name: 'failed', exact: true}).click();
    await page.getByLabel('Kind').selectOption('whisper');
    await words(page).fill('calls');
    await page.waitForURL(/q=calls/);
    await page.reload();
    await page.locator(rows).first().waitFor();
    assert.equal(await words(page).inputValue(), 'calls');
    assert.equal(await page.getByLabel('Kind').inputValue(), 'whisper');
    assert.equal(
      await page.getByRole('button', {name: 'failed', exact: true}).getAttribute('aria-pressed'),
      'true'
    );
    const first = await page.locator(`${rows} .id`).first().textContent();
    await page.getByRole('button', {name: 'Older'}).click();
    await until(
      'other rows',
      async () => (await page.locator(`${rows} .id`).first().textContent()) !== first
    );
    await page.goBack();
    await until(
      'the rows before',
      async () => (await page.locator(`${rows} .id`).first().textContent()) === first
    );
    assert.match(page.url(), /status=failed/);
  });

  test('all that match run again, while other jobs end', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs?status=failed');
    await page.locator(rows).first().waitFor();
    const count = Number(world.redis('ZCARD', 'c3:ended:failed'));
    let n = 0;
    const ending = setInterval(() => {
      ++n;
      world.redisAll([
        ...endedJobs(1, {id: () => `later-${n}`}),
        ['XADD', 'c3:events', '*', 'what', 'job_ended', 'job', `later-${n}`, 'status', 'success']
      ]);
    }, 100);
    try {
      await page.getByLabel('Choose this page').check();
      await page.getByRole('button', {name: 'All that match'}).click();
      await page.getByRole('button', {name: 'Run again…'}).click();
      const dialog = page.locator('dialog');
      const button = dialog.getByRole('button', {name: `Run again ${count}`});
      await button.waitFor();
      assert.ok(await button.isDisabled());
      const field = dialog.locator('input');
      await field.fill(String(count).slice(0, 1));
      // Neither the dialog nor what was typed is lost to updates; nothing is asked for.
      const asked = [];
      const note = (x) => asked.push(x.url());
      page.on('request', note);
      await page.waitForTimeout(2500);
      page.off('request', note);
      assert.deepEqual(asked, []);
      assert.equal(await field.inputValue(), String(count).slice(0, 1));
      assert.ok(await button.isDisabled());
      await field.fill(String(count));
      await button.click();
      await page.locator('.notice', {hasText: `${count} jobs put into the queue`}).waitFor();
      assert.equal(Number(world.redis('LLEN', 'queue:jobs')), count);
    } finally {
      clearInterval(ending);
    }
  });

  test('of more than 10,000 it is said how many are left', async () => {
    page = await openPage(browser, world.origin);
    await page.route('**/v1/jobs/bulk', (x) => {
      const {dry_run: counts} = x.request().postDataJSON();
      x.fulfill({json: {matched: 12_000, ...(counts ? {} : {done: 9_990, failed: 10, new_ids: []})}});
    });
    await page.goto('/jobs?status=success');
    await page.locator(rows).first().waitFor();
    await page.getByLabel('Choose this page').check();
    await page.getByRole('button', {name: 'All that match'}).click();
    await page.getByRole('button', {name: 'Run again…'}).click();
    const dialog = page.locator('dialog');
    await dialog.getByText('No more than 10,000 are done at once; 2,000 are left.').waitFor();
    await dialog.locator('input').fill('10000');
    await dialog.getByRole('button', {name: 'Run again 10000'}).click();
    await page.getByText('9,990 jobs put into the queue, 10 could not be, 2,000 are left.').waitFor();
  });

  test('a job that loads while its reader leaves begins no stream', async () => {
    page = await openPage(browser, world.origin);
    const streams = [];
    page.on('request', (x) => /\/v1\/jobs\/.*\/events$/.test(x.url()) && streams.push(x.url()));
    await page.goto('/jobs?status=success');
    await page.locator(rows).first().waitFor();
    const id = world.redis('LINDEX', 'queue:jobs', 0);
    await onPage((app, x) => app.go(`jobs/${x}`), id);
    await until('the stream of a job that is shown', () => streams.length === 1);
    await page.goBack();
    await page.locator(rows).first().waitFor();

    let answer;
    await page.route(`**/v1/jobs/${id}`, (x) => {
      answer = () => x.continue();
    });
    await page.goForward();
    await until('the job to be asked for', () => answer);
    await page.goBack();
    await page.locator(rows).first().waitFor();
    const got = page.waitForResponse((x) => x.url().endsWith(`/v1/jobs/${id}`));
    await answer();
    await (await got).finished();
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    assert.equal(streams.length, 1);
  });

  test('what a job is about is asked for again when nobody could answer', async () => {
    page = await openPage(browser, world.origin);
    let asked = 0;
    await page.route('**/v1/jobs/ended-000000', (x) =>
      ++asked === 1 ? x.fulfill({status: 503, json: {}}) : x.continue()
    );
    await page.goto('/jobs?status=success&q=ended-000000');
    const row = page.locator(rows, {hasText: 'ended-00'});
    await row.waitFor();
    await until('the first answer', () => asked === 1);
    await onPage((app) => app.look());
    await row.getByText('Sentence number 0').waitFor();
    assert.equal(asked, 2);
  });

  test('a form that is sent again makes one job, and a changed one another', async () => {
    page = await openPage(browser, world.origin);
    const sent = [];
    await page.route('**/v1/jobs', (x) => {
      sent.push(x.request().headers()['idempotency-key']);
      return x.abort();
    });
    await page.goto('/new?type=csm');
    const send = async () => {
      const before = sent.length;
      await page.getByRole('button', {name: 'Put it into the queue'}).click();
      await until('it to be sent', () => sent.length > before);
      await page.locator('.new [role=alert]').waitFor();
    };
    await page.getByLabel('Text').fill('Hello');
    await send();
    await send();
    assert.equal(sent[1], sent[0]);
    await page.locator('summary', {hasText: 'More'}).click();
    await page.getByLabel(/^Deadline/).fill('30');
    await send();
    await page.getByLabel(/^Webhook/).fill('https://example.com/x');
    await send();
    for (const kind of [/^Transcript/, /^Speech/]) await page.getByRole('button', {name: kind}).click();
    await send();
    assert.equal(new Set(sent).size, 4);
  });

  test('a few that wait are cancelled', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs?status=queued');
    await page.locator(rows).first().waitFor();
    const before = Number(world.redis('LLEN', 'queue:jobs'));
    for (let i = 0; i < 3; ++i) {
      await page.keyboard.press('j');
      await page.keyboard.press('x');
    }
    await page.getByText('3 chosen').waitFor();
    await page.getByRole('button', {name: 'Cancel…'}).click();
    await page.getByRole('button', {name: 'Cancel 3'}).click();
    await page.locator('.notice', {hasText: '3 jobs cancelled'}).waitFor();
    assert.equal(Number(world.redis('LLEN', 'queue:jobs')), before - 3);
  });

  test('new rows do not push away what somebody reads', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs?status=success');
    await page.locator(rows).first().waitFor();
    await page.mouse.wheel(0, 600);
    await until('it to scroll', () => page.evaluate(() => scrollY > 300));
    const row = page.locator(rows).nth(12);
    const id = await row.locator('.id').textContent();
    const place = (await row.boundingBox()).y;
    world.redisAll([
      ...endedJobs(5, {id: (i) => `fresh-${i}`}),
      ['XADD', 'c3:events', '*', 'what', 'job_ended', 'job', 'fresh-0', 'status', 'success']
    ]);
    await page.getByRole('button', {name: /new jobs?: show/}).waitFor({state: 'attached'});
    assert.equal(await page.locator(rows).nth(12).locator('.id').textContent(), id);
    assert.ok(Math.abs((await page.locator(rows).nth(12).boundingBox()).y - place) < 45);
  });

  test('a hidden tab holds no stream and asks nothing, and is up to date when it is seen', async () => {
    page = await openPage(browser, world.origin);
    await page.goto('/jobs?status=success');
    // A screen that opens asks once, seen or not: the first rows are that answer.
    await page.locator(rows).first().waitFor();
    await page.locator('.live', {hasText: 'Live'}).waitFor();
    const see = (hidden) =>
      page.evaluate((x) => {
        Object.defineProperty(document, 'hidden', {value: x, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await see(true);
    await page.locator('.live', {hasText: 'Paused'}).waitFor();
    const asked = [];
    page.on('request', (x) => asked.push(x.url()));
    world.redisAll([
      ...endedJobs(1, {id: () => 'while-hidden'}),
      ['XADD', 'c3:events', '*', 'what', 'job_ended', 'job', 'while-hidden', 'status', 'success']
    ]);
    await page.waitForTimeout(6000);
    assert.deepEqual(asked, []);
    await see(false);
    await page.locator(rows, {hasText: 'while-hi'}).waitFor();
    await page.locator('.live', {hasText: 'Live'}).waitFor();
  });

  test('a stream that is lost is said, and made up for by asking', async () => {
    page = await openPage(browser, world.origin);
    await page.route('**/v1/fleet/events', (x) => x.abort());
    await page.goto('/jobs?status=success');
    await page.locator('.live', {hasText: 'Every 5 s'}).waitFor();
    await page.getByText('The stream of changes is lost.').waitFor();
    world.redisAll(endedJobs(1, {id: () => 'unheard'}));
    await page.locator(rows, {hasText: 'unheard'}).waitFor({timeout: 10_000});
    await page.unroute('**/v1/fleet/events');
    await page.locator('.live', {hasText: 'Live'}).waitFor({timeout: 60_000});
  });
});
