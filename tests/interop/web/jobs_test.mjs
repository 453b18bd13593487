// The page and many jobs: the service alone, with records that are written here.
import assert from 'node:assert/strict';
import {after, afterEach, before, describe, test} from 'node:test';
import {openBrowser, openPage, wellBehaved} from './browser.mjs';
import {endedJobs, until, World} from './world.mjs';

const rows = 'table[aria-label=Jobs] tbody tr';
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
    if (!page) return;
    await wellBehaved(page);
    await page.context().close();
    page = null;
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

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
