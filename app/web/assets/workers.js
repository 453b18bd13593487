// Who works, and who has gone.
import {h} from './h.js';
import {get} from './api.js';
import {ago, counted, cut, now, roughly} from './format.js';
import {act, ask, bar, button, command, empty, facts, when} from './ui.js';

// A worker writes its heartbeat every 10 s.
const silentAfter = 35;
const rememberFor = 3600;
// Those that were seen while this page was open, so that one that goes is not
// just missing.
const seen = new Map();

function state(x) {
  if (x.gone) return ['bad', 'gone'];
  if (x.seen_at && now() - x.seen_at > silentAfter) return ['bad', 'silent'];
  if (x.draining) return ['warn', 'drains'];
  if (x.state === 'starts') return ['warn', 'starts'];
  if (x.unfit) return ['bad', `unfit: ${cut(x.unfit, 20)}`];
  return ['good', 'works'];
}

export function workersScreen() {
  let list = null;
  let trouble = null;

  async function load() {
    try {
      const {workers} = await get('v1/workers');
      trouble = null;
      const here = new Set(workers.map((x) => x.id));
      for (const x of workers) seen.set(x.id, {...x, missed: null});
      for (const [id, x] of seen) {
        if (here.has(id)) continue;
        x.missed ||= now();
        if (now() - x.missed > rememberFor) seen.delete(id);
      }
      list = [
        ...workers,
        ...[...seen.values()].filter((x) => x.missed).map((x) => ({...x, gone: true}))
      ].sort((a, b) => (a.id < b.id ? -1 : 1));
    } catch (problem) {
      trouble = problem;
    }
  }

  async function drain(x) {
    if (
      await ask({
        title: `Drain ${cut(x.id, 40)}?`,
        confirm: 'Drain it',
        bad: true,
        body: `It takes no more jobs, ends ${x.jobs ? counted(x.jobs, 'running job') : 'what it has'}, stops or gives away its GPUs, and ends. Other workers go on.`
      })
    )
      act(`v1/workers/${encodeURIComponent(x.id)}/drain`, undefined, 'It drains.');
  }

  function card(x) {
    const [about, word] = state(x);
    const gpus = Object.entries(x.gpus || {})
      .filter((y) => y[1])
      .map(([phase, n]) => `${n} ${cut(phase, 20)}`)
      .join(', ');
    const used = (x.slots || 0) - (x.free_slots || 0);
    return h(
      'section',
      {class: `panel worker ${x.gone ? 'gone' : ''}`, key: x.id, 'aria-label': `Worker ${x.id}`},
      h('header', {}, h('h2', {}, cut(x.id, 60)), h('span', {class: `pill ${about}`}, h('i', {}), word)),
      x.gone &&
        h(
          'p',
          {class: 'bad'},
          'Its last sign of life was ',
          when(x.seen_at || x.missed, ago(x.seen_at || x.missed)),
          '. Others take over its jobs and its GPUs.'
        ),
      h(
        'div',
        {class: 'slots'},
        bar(x.slots ? used / x.slots : 0, 'Slots in use'),
        h('span', {class: 'num muted'}, x.slots ? `${used} of ${x.slots} slots in use` : 'no GPU is ready')
      ),
      facts([
        [
          'Running',
          h(
            'a',
            {href: `jobs?status=running&worker=${encodeURIComponent(x.id)}`},
            counted(x.jobs || 0, 'job')
          )
        ],
        ['GPUs', `${gpus || 'none'}${x.max_gpus ? `, at most ${x.max_gpus}` : ''}`],
        ['Up for', x.started_at && when(x.started_at, roughly(now() - x.started_at))],
        ['Last seen', x.seen_at && when(x.seen_at, ago(x.seen_at))],
        ['Host', cut(x.host || '', 60)],
        ['Version', cut(x.version || '', 40)],
        x.peers !== undefined && ['Peers', String(x.peers)]
      ]),
      x.unfit_text && h('p', {class: 'bad'}, cut(x.unfit_text, 300)),
      x.error &&
        h(
          'p',
          {class: 'note-line'},
          h(
            'span',
            {class: 'muted'},
            'Latest error, ',
            when(x.error_at, x.error_at ? ago(x.error_at) : 'some time ago'),
            ': '
          ),
          h('span', {dir: 'auto'}, cut(x.error, 300))
        ),
      h(
        'footer',
        {},
        x.settings
          ? h(
              'details',
              {},
              h('summary', {}, 'Settings in force'),
              h('pre', {class: 'code', tabindex: 0}, x.settings)
            )
          : h('span', {}),
        x.gone || x.draining
          ? null
          : button('Drain…', () => drain(x), {role: 'operate', label: `Drain ${x.id}`})
      )
    );
  }

  function view() {
    if (!list)
      return trouble
        ? empty('Workers cannot be listed now.', h('p', {class: 'muted'}, trouble.message))
        : h('p', {class: 'loading'}, 'Loading…');
    const alive = list.filter((x) => !x.gone);
    return [
      h(
        'div',
        {class: 'title'},
        h('h1', {}, 'Workers'),
        h(
          'p',
          {class: 'muted'},
          alive.length
            ? `${counted(alive.length, 'worker')}, ${counted(
                alive.reduce((sum, x) => sum + (x.slots || 0), 0),
                'slot'
              )}.`
            : 'None is alive.'
        )
      ),
      list.length
        ? h('div', {class: 'cards', key: 'cards'}, list.map(card))
        : h(
            'div',
            {class: 'panel'},
            empty(
              'No worker is alive.',
              h(
                'p',
                {class: 'muted'},
                'Jobs wait in Redis until there is one. Start one with the settings of your fleet:'
              ),
              command('c3-render-worker --env-file .env', 'Start a worker')
            )
          )
    ];
  }

  return {title: 'Workers', lively: true, load, view};
}
