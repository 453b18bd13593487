// The bar above every screen: where one is, how the fleet fares, find a job.
import {h} from './h.js';
import {get, post} from './api.js';
import {dollars, now, sentence, span, whole} from './format.js';
import {app} from './state.js';
import {may} from './ui.js';

const places = [
  ['', 'Now'],
  ['jobs', 'Jobs'],
  ['gpus', 'GPUs'],
  ['webhooks', 'Webhooks'],
  ['workers', 'Workers']
];

const fleetStates = {
  ok: ['good', 'OK'],
  draining: ['warn', 'Draining'],
  paused: ['warn', 'Paused'],
  no_worker: ['bad', 'No worker'],
  attention: ['warn', 'Attention'],
  problem: ['bad', 'Problem']
};

const liveWords = {
  live: ['Live', 'Changes show at once.'],
  polling: ['Every 5 s', 'The stream of changes is lost. The page asks every few seconds until it is back.'],
  connecting: ['Connecting', 'The stream of changes is being opened.'],
  paused: ['Paused', 'Nobody looks at this tab.']
};

// An id opens its job; anything else is looked for.
async function find(event) {
  event.preventDefault();
  const field = event.target.querySelector('input');
  const text = field.value.trim();
  if (!text) return;
  field.value = '';
  field.blur();
  if (/^[0-9A-Za-z._-]{6,64}$/.test(text)) {
    try {
      await get(`v1/jobs/${encodeURIComponent(text)}`);
      app.go(`jobs/${encodeURIComponent(text)}`);
      return;
    } catch {
      // It is the beginning of an id, or a word.
    }
  }
  app.go(`jobs?q=${encodeURIComponent(text)}`);
}

async function leave() {
  try {
    await post('logout');
  } finally {
    location.assign(document.baseURI);
  }
}

function figure(name, value, about = '') {
  return h('div', {class: `figure ${about}`}, h('b', {class: 'num'}, value), h('span', {}, name));
}

function fleetState() {
  if (app.trouble)
    return app.trouble.status === 503
      ? ['bad', 'Redis away']
      : ['bad', app.trouble.status ? 'Trouble' : 'No answer'];
  if (!app.fleet) return ['', '…'];
  return fleetStates[app.fleet.state] || ['', app.fleet.state];
}

export function top(where, live) {
  const fleet = app.fleet;
  const [about, word] = fleetState();
  const waiting = fleet?.waiting?.total;
  const some = (x, text) => (x === undefined || x === null ? '–' : text(x));
  const old = fleet?.oldest_wait ? fleet.oldest_wait + Math.max(0, now() - fleet.now) : 0;
  // A stream without news because Redis is away is no live one.
  const shown = live === 'live' && app.trouble ? 'polling' : live;
  const [liveWord, liveWhy] = liveWords[shown] || liveWords.connecting;
  return h(
    'header',
    {class: `top${app.trouble ? ' stale' : ''}`},
    h(
      'div',
      {class: 'row'},
      h(
        'a',
        {class: 'mark', href: '', 'aria-label': 'C3 Render Worker, now'},
        h(
          'svg',
          {viewBox: '0 0 32 32', 'aria-hidden': 'true'},
          h('rect', {width: 32, height: 32, rx: 8}),
          h('path', {d: 'M7 11h11M7 16h18M7 21h7'})
        ),
        h('span', {}, 'C3 Render')
      ),
      h(
        'nav',
        {'aria-label': 'Screens'},
        places.map(([path, name]) =>
          h('a', {href: path, 'aria-current': where === path ? 'page' : undefined}, name)
        )
      ),
      h(
        'form',
        {class: 'find', role: 'search', on: {submit: find}},
        h('input', {
          id: 'find',
          type: 'search',
          'aria-label': 'Find a job: id, its beginning, or words',
          placeholder: 'Find a job: id or words',
          autocomplete: 'off',
          spellcheck: 'false',
          enterkeyhint: 'search',
          maxlength: 200
        }),
        h('kbd', {'aria-hidden': 'true'}, '/')
      ),
      may('submit') && h('a', {class: 'button primary', href: 'new'}, 'New job')
    ),
    h(
      'div',
      {class: 'row strip'},
      h(
        'a',
        {class: `pill ${about}`, href: '', title: app.trouble?.message || fleet?.verdict || ''},
        h('i', {}),
        word
      ),
      figure('an hour', some(fleet?.usd_per_hour, dollars)),
      figure('today', some(fleet?.usd_today, dollars)),
      figure('waiting', some(waiting, whole)),
      figure('running', some(fleet?.running, whole)),
      figure('oldest wait', old ? span(Math.floor(old)) : '–', 'wide'),
      h(
        'div',
        {class: 'right'},
        may('operate')
          ? null
          : h(
              'span',
              {class: 'badge', title: 'This key allows no more.'},
              may('submit') ? 'May submit' : 'Read-only'
            ),
        app.me?.login &&
          h(
            'button',
            {type: 'button', class: 'quiet', on: {click: leave}, title: `Logged in as ${app.me.name}`},
            'Log out'
          ),
        h('span', {class: `live is-${shown}`, title: liveWhy}, h('i', {}), liveWord)
      )
    ),
    live === 'polling' && !app.trouble && h('p', {class: 'strip-note'}, liveWhy),
    app.trouble &&
      h(
        'p',
        {class: 'strip-note bad', role: 'alert'},
        sentence(app.trouble.message),
        fleet ? ' What is shown below was so before.' : ''
      )
  );
}
