// What is rented, by the launch ledger.
import {h} from './h.js';
import {get} from './api.js';
import {ago, counted, cut, dollars, now, span} from './format.js';
import {app} from './state.js';
import {columns as bars, gantt, legend, shares} from './charts.js';
import {providerLine, unknownGpus} from './provider.js';
import {act, ask, button, empty, jobLink, panel, table, when} from './ui.js';

const states = {
  intent: ['warn', 'asked for'],
  booting: ['warn', 'boots'],
  ready: ['good', 'ready'],
  stopping: ['', 'stops'],
  ended: ['', 'ended']
};
const hours = {3600: '1 h', 21600: '6 h', 86400: '24 h'};

export function gpusScreen(search, id) {
  let data = null;
  let chart = null;
  let trouble = null;
  const marked = id || search.get('gpu') || '';
  let usage = null;
  let seconds = hours[search.get('seconds')] ? search.get('seconds') : '3600';

  async function load() {
    try {
      [data, chart, usage] = await Promise.all([
        get('v1/gpus?closed=50'),
        get(`v1/gpus/gantt?seconds=${seconds}`),
        get('v1/usage?days=14').catch(() => null)
      ]);
      trouble = null;
    } catch (problem) {
      trouble = problem;
    }
  }

  const path = (x, what) => `v1/gpus/${encodeURIComponent(x.id)}/${what}`;

  async function stop(x) {
    if (
      await ask({
        title: `Stop ${cut(x.id, 30)} now?`,
        confirm: 'Stop it',
        bad: true,
        body: x.jobs?.length
          ? `${counted(x.jobs.length, 'job')} on it will go back into the queue.`
          : 'No job runs on it.'
      })
    )
      act(path(x, 'stop'), undefined, 'It is being stopped.');
  }

  function live() {
    const lost = new Set((data.provider?.lost || []).map((x) => x.id));
    const columns = [
      {name: 'GPU'},
      {name: 'State'},
      {name: 'Machine'},
      {name: 'Worker'},
      {name: 'Age', num: true},
      {name: 'Cost', num: true},
      {name: 'Ends', num: true},
      {name: 'Jobs'},
      {name: '', about: 'actions'}
    ];
    return table(
      'GPUs that are rented',
      columns,
      data.gpus.map((x) => {
        const [about, word] = states[x.state] || ['', x.state];
        return {
          key: x.id,
          about: x.id === marked ? 'marked' : '',
          cells: [
            [h('b', {}, cut(x.type || '–', 30)), h('small', {class: 'id', title: x.id}, cut(x.id, 20))],
            [
              h('span', {class: `pill ${about}`}, h('i', {}), word),
              lost.has(x.id) && h('small', {class: 'warn'}, 'not on the provider’s list')
            ],
            x.node ? cut(x.node, 40) : h('span', {class: 'faint'}, 'not known yet'),
            x.owner ? h('a', {href: 'workers'}, cut(x.owner, 30)) : h('span', {class: 'warn'}, 'nobody'),
            when(x.launched_at, span(Math.floor(x.launched_at ? now() - x.launched_at : x.age))),
            x.usd === undefined ? '–' : dollars(x.usd),
            when(x.expires),
            x.jobs?.length ? x.jobs.map((id) => [jobLink(id), ' ']) : h('span', {class: 'faint'}, 'none'),
            x.state === 'stopping'
              ? ''
              : h(
                  'span',
                  {class: 'actions'},
                  button(
                    'Drain',
                    () =>
                      act(path(x, 'drain'), undefined, 'It takes no more jobs, and stops when it has none.'),
                    {role: 'operate', about: 'quiet', label: `Drain ${x.id}`}
                  ),
                  button('Stop…', () => stop(x), {
                    role: 'operate',
                    about: 'danger quiet',
                    label: `Stop ${x.id}`
                  })
                )
          ]
        };
      })
    );
  }

  function spent() {
    const days = [...(usage?.days || [])].sort((a, b) => (a.day < b.day ? -1 : 1));
    if (!days.some((x) => x.usd > 0 || x.gpu_hours > 0)) return null;
    const priced = days.some((x) => x.usd > 0);
    const said = (x) => (priced ? dollars(x) : `${x.toFixed(1)} h`);
    const values = days.map((x) => [x.day, (priced ? x.usd : x.gpu_hours) || 0]);
    return panel(
      priced ? 'Spent, by day' : 'GPU hours, by day',
      {
        id: 'spent',
        key: 'spent',
        side: h('span', {class: 'muted num'}, said(values.reduce((sum, x) => sum + x[1], 0)))
      },
      bars(values, said)
    );
  }

  function closed() {
    const list = data.closed;
    return panel(
      'Ended',
      {
        id: 'closed',
        key: 'closed',
        side: h(
          'span',
          {class: 'muted num'},
          `${(list.reduce((sum, x) => sum + (x.seconds || 0), 0) / 3600).toFixed(1)} h`
        )
      },
      table(
        'GPUs that have ended',
        [
          {name: 'GPU'},
          {name: 'Ended', num: true},
          {name: 'Rented', num: true},
          {name: 'Time', about: 'grow'},
          {name: 'Busy', num: true},
          {name: 'Why'}
        ],
        list.map((x) => {
          const parts = [
            ['boot', x.boot_s],
            ['busy', x.busy_s],
            ['idle', x.idle_s],
            ['drain', x.drain_s]
          ];
          return {
            key: x.id,
            about: x.id === marked ? 'marked' : '',
            cells: [
              [h('b', {}, cut(x.type || '–', 30)), h('small', {class: 'id', title: x.id}, cut(x.id, 20))],
              when(x.stopped_at, ago(x.stopped_at || 0)),
              span(x.seconds),
              shares(parts, 'Time'),
              x.seconds && x.busy_s !== undefined ? `${Math.round((x.busy_s / x.seconds) * 100)} %` : '–',
              cut(x.reason || '–', 60)
            ]
          };
        })
      )
    );
  }

  function view() {
    if (!data)
      return trouble
        ? empty('The ledger cannot be read now.', h('p', {class: 'muted'}, trouble.message))
        : h('p', {class: 'loading'}, 'Loading…');
    const sums = {};
    for (const x of data.gpus) sums[x.state] = (sums[x.state] || 0) + 1;
    const say = Object.entries(sums)
      .map(([state, n]) => `${n} ${(states[state] || ['', state])[1]}`)
      .join(', ');
    return [
      h(
        'div',
        {class: 'title'},
        h('h1', {}, 'GPUs'),
        h(
          'p',
          {class: 'muted'},
          data.gpus.length
            ? `${counted(data.gpus.length, 'GPU')} in the launch ledger: ${say}.`
            : 'None is rented.',
          app.fleet?.usd_per_hour ? ` ${dollars(app.fleet.usd_per_hour)} an hour.` : ''
        )
      ),
      h(
        'div',
        {class: 'panel bare', key: 'live'},
        data.gpus.length
          ? live()
          : empty(
              data.provider?.unknown.length
                ? 'No worker has rented a GPU.'
                : 'Nothing is rented, so nothing costs.',
              h(
                'p',
                {class: 'muted'},
                'A worker launches a GPU when a job waits for one, and stops it when it has been idle for long enough.'
              )
            )
      ),
      providerLine(data.provider),
      unknownGpus(data.provider),
      panel(
        'What they did',
        {
          id: 'gantt',
          key: 'gantt',
          side: h(
            'span',
            {class: 'tabs small', role: 'group', 'aria-label': 'How far back'},
            Object.entries(hours).map(([value, name]) =>
              h(
                'button',
                {
                  type: 'button',
                  'aria-pressed': String(value === seconds),
                  on: {
                    click: () => {
                      seconds = value;
                      app.noted(`gpus?seconds=${value}`);
                      load().then(app.draw);
                    }
                  }
                },
                name
              )
            )
          )
        },
        chart?.rows?.length
          ? [gantt(chart), legend()]
          : h('div', {class: 'empty small'}, 'No GPU was rented in this time.')
      ),
      spent(),
      data.closed.length > 0 && closed()
    ];
  }

  return {title: 'GPUs', lively: true, load, view};
}
