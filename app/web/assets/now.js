// What happens now, and what needs somebody.
import {h} from './h.js';
import {get} from './api.js';
import {ago, capital, counted, cut, dollars, now, percent, roughly, sentence, whole} from './format.js';
import {gistOf, learn} from './gists.js';
import {app} from './state.js';
import {gantt, legend, sparkline} from './charts.js';
import {
  act,
  ask,
  button,
  command,
  curlLine,
  empty,
  jobLink,
  kind,
  panel,
  progress,
  slack,
  table,
  when
} from './ui.js';

// Where one looks further, by the word of a finding.
const places = [
  [/worker/, 'workers'],
  [/webhook/, 'webhooks'],
  [/jobs_failed/, 'jobs?status=failed'],
  [/launch|boot|gpu|provider|budget/, 'gpus'],
  [/wait|deadline|abandoned/, 'jobs?status=queued']
];

function placeOf(x) {
  if (x.job) return `jobs/${encodeURIComponent(x.job)}`;
  if (x.gpu) return `gpus?gpu=${encodeURIComponent(x.gpu)}`;
  return x.worker ? 'workers' : places.find(([word]) => word.test(x.what || ''))?.[1];
}

function finding(x) {
  const to = placeOf(x);
  // The link leads to the job; the whole id would fill a line.
  const title = capital(x.title).replaceAll(/([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1');
  return h(
    'li',
    {class: `finding ${x.severity === 'error' ? 'bad' : 'warn'}`},
    h('i', {'aria-hidden': 'true'}),
    h(
      'div',
      {},
      h('h2', {}, to ? h('a', {href: to}, title) : title),
      x.likely && h('p', {class: 'muted'}, sentence(x.likely))
    ),
    x.do && h('p', {class: 'do'}, sentence(x.do))
  );
}

// `present` is the last point of its line.
function tile(name, value, past, present, {unit, under} = {}) {
  const values = past ? [...past, present ?? null] : [];
  const list = values.filter(Number.isFinite);
  const most = list.length > 1 ? Math.max(...list) : null;
  return h(
    'div',
    {class: 'tile'},
    h('div', {class: 'tile-name'}, name),
    h('div', {class: 'tile-value num'}, value, unit && h('small', {}, unit)),
    sparkline(values, `${name} over the last 24 hours`),
    h(
      'div',
      {class: 'under'},
      under ?? (most === null ? 'no history yet' : `24 h, at most ${unitless(name, most)}`)
    )
  );
}

function unitless(name, x) {
  if (name === 'Spend') return `${dollars(x)} an hour`;
  return name === 'Idle GPU time' ? percent(x) : String(Math.round(x));
}

async function pause() {
  const why = await ask({
    title: 'Pause the launches of the whole fleet?',
    body: 'No worker rents another GPU until somebody resumes. GPUs that are rented go on working, and stop when they are idle.',
    field: 'Why (others see it)',
    confirm: 'Pause launches',
    bad: true
  });
  if (why !== null) act('v1/fleet/pause', why ? {why} : {}, 'Launches are paused.');
}

function pauseButton(fleet) {
  if (fleet.paused)
    return button('Resume launches', () => act('v1/fleet/resume', undefined, 'Launches go on.'), {
      role: 'operate',
      about: 'primary'
    });
  return button('Pause launches', pause, {role: 'operate'});
}

function begin(fleet) {
  if (fleet.state === 'no_worker')
    return [
      h('p', {class: 'lead'}, 'No worker is alive.'),
      h(
        'p',
        {class: 'muted'},
        'Jobs wait in Redis until one is. To try everything on one machine, with no account:'
      ),
      command('./run try', 'Start a fleet to try'),
      h('p', {class: 'muted'}, 'Or start a worker with the settings of your fleet:'),
      command('c3-render-worker --env-file .env', 'Start a worker')
    ];
  return [
    h('p', {class: 'lead'}, 'Nothing runs, and nothing waits.'),
    h(
      'p',
      {class: 'muted'},
      'Put a job into the queue with ',
      h('a', {href: 'new'}, 'a form'),
      ', or from a shell:'
    ),
    command(curlLine(), 'Submit a job')
  ];
}

// The rest is a click away.
const mostRunning = 50;

function runningPanel(fleet) {
  const jobs = fleet.running_jobs || [];
  if (!jobs.length)
    return panel(
      'Running',
      {id: 'running', key: 'running'},
      h(
        'div',
        {class: 'empty'},
        fleet.waiting?.total ? h('p', {class: 'lead'}, 'Nothing runs yet.') : begin(fleet)
      )
    );
  const columns = [
    {name: 'Job'},
    {name: 'About', about: 'gist'},
    {name: 'Progress', about: 'grow'},
    {name: 'Began', num: true},
    {name: 'Deadline', num: true}
  ];
  return panel(
    'Running',
    {id: 'running', key: 'running', side: h('a', {href: 'jobs?status=running'}, `All ${fleet.running}`)},
    table(
      'Running jobs',
      columns,
      jobs.slice(0, mostRunning).map((job) => ({
        key: job.id,
        href: `jobs/${encodeURIComponent(job.id)}`,
        cells: [
          [kind(job.type), jobLink(job.id)],
          h('span', {dir: 'auto'}, gistOf(job)),
          progress(job),
          when(job.started_at, ago(job.started_at)),
          slack(job)
        ]
      }))
    )
  );
}

function waitsPanel(fleet) {
  const waits = fleet.waits || [];
  if (!fleet.waiting?.total || !waits.length) return null;
  return panel(
    'Why jobs wait',
    {id: 'waits', key: 'waits', side: h('a', {href: 'jobs?status=queued'}, 'The queue')},
    h(
      'ul',
      {class: 'waits'},
      waits.map((x) =>
        h(
          'li',
          {},
          h('b', {}, cut(x.type || '', 40)),
          ' ',
          h('span', {class: 'badge'}, counted(x.count || 0, 'job')),
          h('p', {}, sentence(x.text || '')),
          x.begins_in &&
            !/begins in/.test(x.text || '') &&
            h(
              'p',
              {class: 'muted num'},
              `Most begin within ${roughly(x.begins_in[0])} to ${roughly(x.begins_in[1])}.`
            )
        )
      )
    )
  );
}

export function nowScreen() {
  let chart = null;
  return {
    title: 'Now',
    lively: true,
    async load() {
      chart = await get('v1/gpus/gantt?seconds=3600');
      learn((app.fleet?.running_jobs || []).slice(0, mostRunning));
    },
    view() {
      const fleet = app.fleet;
      if (!fleet)
        return app.trouble
          ? empty(
              app.trouble.status === 503 ? 'Redis cannot be reached.' : 'The fleet cannot be seen.',
              h(
                'p',
                {class: 'muted'},
                'The workers go on with what they have. This page looks again by itself.'
              )
            )
          : h('p', {class: 'loading'}, 'Loading…');
      const rank = {error: 0, warning: 1};
      const list = [...(fleet.attention || [])].sort((a, b) => rank[a.severity] - rank[b.severity]);
      const samples = fleet.samples || {};
      return [
        h(
          'div',
          {class: 'title', key: 'title'},
          h('h1', {}, 'Now'),
          h('p', {class: 'muted'}, sentence(fleet.verdict || '')),
          pauseButton(fleet)
        ),
        fleet.paused &&
          h(
            'p',
            {class: 'banner warn', key: 'paused'},
            'Launches are paused',
            fleet.paused.by ? ` by ${cut(fleet.paused.by, 60)}` : '',
            ' since ',
            when(fleet.paused.since, ago(fleet.paused.since).replace(' ago', '')),
            fleet.paused.why ? [': ', cut(fleet.paused.why, 200)] : '',
            '.'
          ),
        h(
          'section',
          {key: 'attention', 'aria-label': 'Attention'},
          list.length
            ? h('ul', {class: 'findings'}, list.map(finding))
            : h(
                'p',
                {class: `quiet-line${fleet.state === 'no_worker' ? ' bad' : ''}`},
                h('i', {}),
                fleet.state === 'no_worker'
                  ? 'No worker is alive: nothing is worked on.'
                  : ['attention', 'problem'].includes(fleet.state)
                    ? 'Something needs attention, and only operators see what.'
                    : 'Nothing needs attention.'
              )
        ),
        h(
          'section',
          {class: 'tiles', key: 'tiles', 'aria-label': 'Figures'},
          tile('Waiting', whole(fleet.waiting?.total ?? 0), samples.waiting, fleet.waiting?.total),
          tile('Running', whole(fleet.running ?? 0), samples.running, fleet.running, {
            unit: fleet.slots ? ` of ${fleet.slots} slots` : ''
          }),
          fleet.usd_per_hour === undefined
            ? tile('GPU hours', (fleet.gpu_hours_today ?? 0).toFixed(1), null, null, {
                unit: ' today',
                under: 'GPU_PRICES is not set: no dollars'
              })
            : tile('Spend', dollars(fleet.usd_per_hour), samples.usd_per_hour, fleet.usd_per_hour, {
                unit: ' an hour'
              }),
          tile('Idle GPU time', percent(fleet.idle_share), samples.idle_share, fleet.idle_share, {
            unit: ' last hour'
          })
        ),
        panel(
          'GPUs, last hour',
          {id: 'gantt', key: 'gantt', side: legend()},
          chart?.rows?.length
            ? gantt(chart)
            : h(
                'div',
                {class: 'empty small'},
                chart ? 'No GPU was rented in the last hour. One is launched when a job waits.' : ''
              )
        ),
        runningPanel(fleet),
        waitsPanel(fleet),
        h(
          'p',
          {class: 'foot', key: 'foot'},
          `Version ${app.me.version}${app.me.commit ? `, ${app.me.commit}` : ''}. As of `,
          when(fleet.now, ago(Math.min(fleet.now, now()))),
          '. Keys: ',
          h('kbd', {}, '?')
        )
      ];
    }
  };
}
