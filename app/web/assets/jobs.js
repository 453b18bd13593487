// Find jobs, and do something with many of them.
import {h} from './h.js';
import {get, query} from './api.js';
import {ago, counted, cut, dollars, ended, kinds, now, span, statuses} from './format.js';
import {gistOf, learn} from './gists.js';
import {app} from './state.js';
import {
  bar,
  button,
  command,
  curlLine,
  empty,
  jobLink,
  kind,
  may,
  slack,
  status,
  table,
  when
} from './ui.js';
import {actOnMany} from './bulk.js';

const names = ['status', 'type', 'q', 'since', 'worker', 'gpu', 'from', 'to', 'cursor'];
const sinces = {'': 'any time', 3600: 'last hour', 86400: 'last day', 604800: 'last week'};
const pageSize = 50;

export function jobsScreen(search) {
  const filter = {};
  for (const name of names) filter[name] = search.get(name) || '';
  let list = null;
  let fresh = null;
  let trouble = null;
  let asked = 0;
  let typing = null;
  const chosen = new Set();
  // All that match are chosen, seen or not.
  let all = false;

  // What the service is asked for.
  function wanted() {
    const {since, ...rest} = filter;
    if (since && !rest.from) rest.from = Math.floor(now() - Number(since));
    return rest;
  }

  async function load() {
    const mine = ++asked;
    let answer;
    try {
      answer = await get(`v1/jobs${query({...wanted(), limit: pageSize})}`);
    } catch (problem) {
      if (mine === asked) trouble = problem;
      return;
    }
    if (mine !== asked) return;
    trouble = null;
    // Rows under somebody's eyes or hands stay where they are.
    if (list && list.key === key() && (chosen.size || scrollY > 120)) merge(answer);
    else show(answer);
    learn(list.jobs.filter((x) => !x.error));
  }

  const key = () => query(filter);

  function show(answer) {
    list = {...answer, key: key()};
    fresh = null;
  }

  function merge(answer) {
    const news = new Map(answer.jobs.map((x) => [x.id, x]));
    list.jobs = list.jobs.map((x) => news.get(x.id) || {...x, gone: !filter.cursor});
    const shown = new Set(list.jobs.map((x) => x.id));
    const count = answer.jobs.filter((x) => !shown.has(x.id)).length;
    fresh = count ? {count, answer} : null;
  }

  function change(values, {push = true, keep = false} = {}) {
    Object.assign(filter, {cursor: ''}, values);
    if (!keep) forget();
    const path = `jobs${query(filter)}`;
    if (push) history.pushState(null, '', new URL(path, document.baseURI));
    else app.noted(path);
    load().then(app.draw);
    app.draw();
  }

  function forget() {
    chosen.clear();
    all = false;
  }

  async function bulk(action) {
    const {cursor, ...rest} = wanted();
    const filter = all ? rest : {ids: [...chosen]};
    if (await actOnMany(action, filter, all && said())) forget();
  }

  function said() {
    const words = [
      filter.status ? statuses[filter.status] : 'ended',
      filter.type,
      filter.q && `“${cut(filter.q, 40)}”`,
      filter.since && sinces[filter.since],
      filter.worker && `worker ${cut(filter.worker, 30)}`,
      filter.gpu && `GPU ${cut(filter.gpu, 30)}`
    ];
    return words.filter(Boolean).join(', ');
  }

  function tabs() {
    const one = (value, name) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(filter.status === value),
          on: {click: () => change({status: value})}
        },
        name
      );
    return h(
      'div',
      {class: 'tabs', role: 'group', 'aria-label': 'Status'},
      one('', 'all ended'),
      Object.entries(statuses).map(([value, name]) => one(value, name))
    );
  }

  function filters() {
    const pick = (name, label, options) =>
      h(
        'label',
        {class: 'pick'},
        h('span', {}, label),
        h(
          'select',
          {value: filter[name], on: {change: (e) => change({[name]: e.target.value})}},
          options.map(([value, text]) => h('option', {value}, text))
        )
      );
    const chip = (name, text) =>
      filter[name]
        ? h(
            'button',
            {
              type: 'button',
              class: 'chip',
              'aria-label': `Without: ${text} ${filter[name]}`,
              on: {click: () => change({[name]: ''})}
            },
            `${text} ${cut(filter[name], 24)}`,
            h('span', {'aria-hidden': 'true'}, ' ×')
          )
        : null;
    return h(
      'div',
      {class: 'filters'},
      h(
        'label',
        {class: 'pick words'},
        h('span', {}, 'Words'),
        h('input', {
          type: 'search',
          value: filter.q,
          maxlength: 200,
          placeholder: 'in id, error, input, result',
          spellcheck: 'false',
          on: {
            input: (e) => {
              clearTimeout(typing);
              const q = e.target.value;
              typing = setTimeout(() => change({q}, {push: false}), 300);
            }
          }
        })
      ),
      pick('type', 'Kind', [['', 'any'], ...Object.keys(kinds).map((x) => [x, x])]),
      pick(
        'since',
        'Time',
        Object.entries(sinces).sort((a, b) => a[0] - b[0])
      ),
      chip('worker', 'worker'),
      chip('gpu', 'GPU'),
      chip('from', 'from'),
      chip('to', 'to')
    );
  }

  // `open`: a column for deadlines is of use.
  function row(job, open) {
    const end = job.finished_at || now();
    const box = h('input', {
      type: 'checkbox',
      checked: all || chosen.has(job.id),
      disabled: all,
      'aria-label': `Choose ${job.id}`,
      on: {
        change: (e) => {
          if (e.target.checked) chosen.add(job.id);
          else chosen.delete(job.id);
          app.draw();
        }
      }
    });
    return {
      key: job.id,
      href: `jobs/${encodeURIComponent(job.id)}`,
      about: job.gone ? 'gone' : '',
      cells: [
        ...(may('operate') ? [box] : []),
        [kind(job.type), jobLink(job.id)],
        h(
          'span',
          {dir: 'auto', class: job.error ? 'bad' : ''},
          job.error ? cut(job.error.message, 90) : gistOf(job)
        ),
        job.status === 'running'
          ? [status(job), bar(job.progress, 'Progress', `of-${job.type}`)]
          : status(job),
        when(job.finished_at || job.created_at, ago(job.finished_at || job.created_at)),
        Number.isFinite(job.waited)
          ? span(job.waited)
          : job.created_at && !job.started_at && !ended(job)
            ? span(Math.floor(now() - job.created_at))
            : '–',
        job.started_at
          ? span(job.finished_at ? end - job.started_at : Math.floor(end - job.started_at))
          : '–',
        job.attempt > 1 ? h('b', {class: 'warn'}, String(job.attempt)) : String(job.attempt || '–'),
        job.receipt?.usd !== undefined ? dollars(job.receipt.usd) : '–',
        ...(open ? [ended(job) ? '' : slack(job)] : [])
      ]
    };
  }

  function results() {
    if (trouble && !list)
      return empty(
        trouble.status === 503 ? 'The queue cannot be read now.' : trouble.message,
        h('p', {class: 'muted'}, 'This page looks again by itself.')
      );
    if (!list) return h('p', {class: 'loading'}, 'Loading…');
    if (!list.jobs.length) return nothing();
    const jobs = list.jobs;
    const open = jobs.some((x) => !ended(x));
    const every = h('input', {
      type: 'checkbox',
      'aria-label': 'Choose this page',
      disabled: all,
      checked: all || jobs.every((x) => chosen.has(x.id)),
      on: {
        change: (e) => {
          for (const x of jobs)
            if (e.target.checked) chosen.add(x.id);
            else chosen.delete(x.id);
          app.draw();
        }
      }
    });
    const columns = [
      ...(may('operate') ? [{name: '', head: every, about: 'box'}] : []),
      {name: 'Job'},
      {name: 'About', about: 'gist'},
      {name: 'Status'},
      {name: filter.status === 'queued' || filter.status === 'running' ? 'Queued' : 'Ended', num: true},
      {name: 'Waited', num: true},
      {name: 'Ran', num: true},
      {name: 'Tries', num: true},
      {name: 'Cost', num: true},
      ...(open ? [{name: 'Deadline', num: true}] : [])
    ];
    return [
      fresh &&
        h(
          'button',
          {
            type: 'button',
            class: 'fresh',
            on: {
              click: () => {
                show(fresh.answer);
                app.draw();
              }
            }
          },
          `${counted(fresh.count, 'new job')}: show`
        ),
      table(
        'Jobs',
        columns,
        jobs.map((x) => row(x, open))
      ),
      h(
        'nav',
        {class: 'pages', 'aria-label': 'Pages'},
        filter.cursor && button('Newest', () => change({}, {keep: all})),
        list.next &&
          button('Older', () => {
            change({cursor: list.next}, {keep: true});
            scrollTo(0, 0);
          })
      )
    ];
  }

  function nothing() {
    const narrowed = ['type', 'q', 'since', 'worker', 'gpu', 'from', 'to'].some((x) => filter[x]);
    if (narrowed)
      return empty(
        `No ${filter.status ? statuses[filter.status] : 'ended'} job matches.`,
        h(
          'p',
          {class: 'muted'},
          'Words are looked for in id, error, input and result; ended jobs stay findable for as long as ENDED_JOBS_TTL says.'
        ),
        button('Without filters', () => change(Object.fromEntries(names.map((x) => [x, '']))))
      );
    if (filter.status)
      return empty(
        {queued: 'Nothing waits.', running: 'Nothing runs.', failed: 'No job has failed.'}[filter.status] ||
          'There are no such jobs.'
      );
    return empty(
      'No job has ended yet.',
      h('p', {class: 'muted'}, 'The first one, from a shell:'),
      command(curlLine(), 'Submit a job')
    );
  }

  function choice() {
    if (!chosen.size && !all) return null;
    return h(
      'div',
      {class: 'choice', role: 'region', 'aria-label': 'Chosen jobs'},
      h('b', {}, all ? 'All that match' : `${chosen.size} chosen`),
      all
        ? h('span', {class: 'muted'}, said())
        : button(
            'All that match',
            () => {
              all = true;
              app.draw();
            },
            {about: 'quiet'}
          ),
      h(
        'span',
        {class: 'right'},
        // Jobs that have ended are shown without a status, and all without one are
        // more than those: what waits is not cancelled by who sees what has ended.
        ['queued', 'running'].includes(filter.status)
          ? button('Cancel…', () => bulk('cancel'), {role: 'operate', about: 'danger'})
          : button('Run again…', () => bulk('retry'), {role: 'operate'}),
        button(
          'None',
          () => {
            forget();
            app.draw();
          },
          {about: 'quiet'}
        )
      )
    );
  }

  return {
    title: 'Jobs',
    load,
    get lively() {
      return filter.status === 'running' || filter.status === 'queued';
    },
    close: () => clearTimeout(typing),
    view: () => [
      h('div', {class: 'title'}, h('h1', {}, 'Jobs')),
      tabs(),
      filters(),
      h('div', {class: 'panel bare', key: 'list'}, results()),
      choice()
    ]
  };
}
