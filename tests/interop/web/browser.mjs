// Debian's chromium, and a watch over what no page of ours may do.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import fs from 'node:fs';
import {chromium} from 'playwright-core';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// The rows of the list of jobs.
export const rows = 'table[aria-label=Jobs] tbody tr';

export async function openBrowser() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required']
  });
}

// A page of `origin`. `faults` are what it must not do: requests elsewhere,
// violations of the policy, uncaught errors, dialogs of scripts.
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({
    viewport: {width: 1280, height: 900},
    baseURL: origin,
    locale: 'en-GB',
    ...options
  });
  const page = await context.newPage();
  page.faults = [];
  page.setDefaultTimeout(20_000);
  page.on('request', (x) => {
    if (!x.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(x.url()))
      page.faults.push(`a request to ${x.url()}`);
  });
  page.on('pageerror', (x) => page.faults.push(`an error: ${x.stack}`));
  page.on('dialog', (x) => {
    page.faults.push(`a dialog: ${x.message()}`);
    x.dismiss();
  });
  page.on('console', (x) => {
    if (/Content.Security.Policy|Refused to|Error:/i.test(x.text())) page.faults.push(x.text());
  });
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (x) =>
      globalThis.violations.push(`${x.violatedDirective}: ${x.blockedURI}`)
    );
  });
  return page;
}

export async function wellBehaved(page) {
  const violations = await page.evaluate(() => globalThis.violations);
  assert.deepEqual([...page.faults, ...violations], []);
}

// Of a test that may have opened none.
export async function closePage(page) {
  if (!page) return;
  await wellBehaved(page);
  await page.context().close();
}

// A screen that has what it asked for.
export async function loaded(page) {
  await page.locator('h1, .empty').first().waitFor();
  await page.locator('.loading').waitFor({state: 'detached'});
}

// What axe finds that is serious or worse, as sentences.
export async function axeFinds(page) {
  await page.evaluate(axe);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  return violations
    .filter((x) => ['serious', 'critical'].includes(x.impact))
    .map((x) => `${x.id}: ${x.help}: ${x.nodes[0].html.slice(0, 200)}`);
}
