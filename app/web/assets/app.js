// Begins here: which screen an address means, what keys do, when to look again.
import {h, patch} from './h.js';
import {get, onLocked} from './api.js';
import {setClock} from './format.js';
import {Live} from './live.js';
import {app} from './state.js';
import {ask, closeDialog, dialogOpen} from './ui.js';
import {top} from './top.js';
import {loginScreen} from './login.js';
import {nowScreen} from './now.js';

// The rest of the screens are fetched when they are first opened.
const screens = [
  [/^$/, async () => nowScreen],
  [/^jobs$/, async () => (await import('./jobs.js')).jobsScreen],
  [/^jobs\/([^/]+)$/, async () => (await import('./job.js')).jobScreen],
  [/^gpus(?:\/([^/]+))?$/, async () => (await import('./gpus.js')).gpusScreen],
  [/^webhooks$/, async () => (await import('./webhooks.js')).webhooksScreen],
  [/^workers$/, async () => (await import('./workers.js')).workersScreen],
  [/^new$/, async () => (await import('./new.js')).newScreen],
  [/^login$/, async () => loginScreen]
];

const root = new URL(document.baseURI).pathname;
let screen = null;
let route = '';
let turn = 0;

// A screen that cannot show what it got takes nothing else with it.
function view() {
  try {
    return screen.view();
  } catch (fault) {
    console.error(fault);
    return h('div', {class: 'empty'}, h('p', {class: 'lead'}, 'This cannot be shown: a fault of the page.'));
  }
}

function draw() {
  patch(document.getElementById('top'), app.me ? [top(route.split('/')[0], live.state)] : []);
  if (screen)
    patch(document.getElementById('main'), [
      h('div', {key: screen, class: `screen ${screen.about || ''}`}, view())
    ]);
}

async function snapshot() {
  const shown = screen;
  const [fleet] = await Promise.allSettled([
    get('v1/fleet').then((x) => {
      app.fleet = x;
      setClock(x.now);
    }),
    shown?.load?.()
  ]);
  app.trouble = fleet.status === 'rejected' ? fleet.reason : null;
  draw();
}

const live = new Live({
  refresh: snapshot,
  told: () => draw(),
  held: dialogOpen,
  next: () => (app.fleet?.running || screen?.lively ? 3000 : 15000)
});

function notFound() {
  return {
    view: () =>
      h(
        'div',
        {class: 'empty'},
        h('h1', {}, 'There is no such page'),
        h('p', {}, h('a', {href: ''}, 'See what happens now'))
      )
  };
}

function notFetched() {
  return {
    view: () =>
      h(
        'div',
        {class: 'empty'},
        h('p', {class: 'lead'}, 'This screen could not be fetched.'),
        h('p', {}, 'The service may be away. Load the page again in a moment.')
      )
  };
}

// Shows what the address says; `moved`: the reader has gone there.
async function show(moved) {
  const mine = ++turn;
  const url = new URL(location.href);
  const path = url.pathname.startsWith(root) ? url.pathname.slice(root.length) : '';
  route = path.replace(/\/$/, '');
  if (!app.me && route !== 'login') return;
  if (route !== 'login' && !app.fleet) live.start();
  const found = screens.find(([pattern]) => pattern.test(route));
  let next;
  try {
    const values = found ? route.match(found[0]).slice(1).filter(Boolean).map(decodeURIComponent) : [];
    next = found ? (await found[1]())(url.searchParams, ...values) : notFound();
  } catch (fault) {
    next = fault instanceof URIError ? notFound() : notFetched();
  }
  if (mine !== turn) return;
  screen?.close?.();
  screen = next;
  document.title = `${screen.title || 'Now'} · C3 Render Worker`;
  draw();
  if (moved) {
    // Not from under somebody who types already.
    if (!document.activeElement?.closest('input, textarea, select'))
      document.getElementById('main').focus({preventScroll: true});
    scrollTo(0, 0);
  }
  try {
    await screen.load?.();
  } catch {
    // The screen shows why.
  }
  if (mine === turn) draw();
}

app.draw = () => draw();
app.look = () => live.soon(0);
app.go = (path, {replace = false} = {}) => {
  const url = new URL(path, document.baseURI).href;
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  return show(!replace);
};
// The address of what is shown has changed, and nothing else has.
app.noted = (path) => history.replaceState(null, '', new URL(path, document.baseURI).href);

async function begin() {
  try {
    app.me = await get('v1/me');
    setClock(app.me.time || Date.now() / 1000);
  } catch (problem) {
    if (problem.status === 401) return;
    app.trouble = problem;
    patch(document.getElementById('main'), [
      h(
        'div',
        {class: 'empty'},
        h('p', {class: 'lead'}, problem.message),
        h('p', {}, 'Trying again every few seconds.')
      )
    ]);
    setTimeout(begin, 3000);
    return;
  }
  live.start();
  await show(false);
}

onLocked(() => {
  live.stop();
  app.me = null;
  if (route === 'login' && screen) return;
  const back = location.href.slice(new URL(document.baseURI).href.length);
  app.go(back && !back.startsWith('login') ? `login?to=${encodeURIComponent(back)}` : 'login', {
    replace: true
  });
});
app.begin = begin;

// -- links and keys ------------------------------------------------------------------

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  const link = event.target.closest('a[href]');
  const row = event.target.closest('tr[data-href]');
  if (link) {
    const to = new URL(link.getAttribute('href'), document.baseURI);
    const ours =
      to.origin === location.origin &&
      to.pathname.startsWith(root) &&
      !/^(v1|assets)\//.test(to.pathname.slice(root.length));
    if (!plain || !ours || link.target || link.hasAttribute('download') || link.classList.contains('skip'))
      return;
    event.preventDefault();
    app.go(to.href);
  } else if (
    row &&
    plain &&
    !event.target.closest('button, input, label, summary, audio, video') &&
    !String(getSelection())
  ) {
    app.go(row.dataset.href);
  }
});

const keys = [
  ['/', 'find a job'],
  ['j', 'next row'],
  ['k', 'row before'],
  ['x', 'choose a row'],
  ['Enter', 'open the row'],
  ['n', 'new job'],
  ['Esc', 'close, or leave a field'],
  ['?', 'these keys']
];

function step(by) {
  const rows = [...document.querySelectorAll('#main tr[data-href]')];
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement.closest('tr[data-href]'));
  const to = rows[Math.min(rows.length - 1, Math.max(0, here + by))];
  to.focus();
  to.scrollIntoView({block: 'nearest'});
}

document.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || !app.me) return;
  const field = event.target.closest('input, textarea, select');
  if (event.key === 'Escape') {
    if (dialogOpen()) return;
    (field || document.activeElement)?.blur();
    return;
  }
  if ((field && field.type !== 'checkbox') || dialogOpen()) return;
  const row = event.target.closest('tr[data-href]');
  const does = {
    '/': () => document.getElementById('find')?.focus(),
    j: () => step(1),
    k: () => step(-1),
    n: () => app.go('new'),
    x: () => row?.querySelector('input[type=checkbox]')?.click(),
    Enter: event.target === row ? () => app.go(row.dataset.href) : null,
    '?': () =>
      ask({
        title: 'Keys',
        body: h(
          'dl',
          {class: 'keys'},
          keys.map(([key, what]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)))
        )
      })
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

addEventListener('popstate', () => {
  closeDialog();
  show(true);
});
// Clocks go on between snapshots.
setInterval(() => {
  if (!document.hidden && !dialogOpen() && app.me) draw();
}, 1000);

begin();
