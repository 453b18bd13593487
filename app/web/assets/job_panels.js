// What the page of a job has on its panels. `text(value, name)` shows a text that
// may be long.
import {h} from './h.js';
import {cut, dollars, ended, roughly, sentence, span, uploadOf} from './format.js';
import {shares} from './charts.js';
import {act, at, button, facts, jobLink, panel, slack, table, when} from './ui.js';

export function why(job) {
  const w = job.waiting;
  if (job.status !== 'queued' || !w) return null;
  return panel(
    'Why it waits',
    {id: 'why', key: 'why', about: w.deadline_at_risk ? 'warn' : ''},
    h('p', {class: 'lead'}, sentence(w.text || w.reason.replaceAll('_', ' '))),
    facts([
      ['Place in the queue', String(w.place)],
      w.begins_in && [
        'Probably begins',
        `in ${roughly(w.begins_in[0])} to ${roughly(w.begins_in[1])}${w.guessed ? ' (a guess: nothing was measured yet)' : ''}`
      ],
      w.until && ['Looked at again', when(w.until)],
      ['Deadline', slack(job)]
    ]),
    w.deadline_at_risk && h('p', {class: 'warn'}, 'It may miss its deadline.')
  );
}

export function failure(job, text) {
  const x = job.error;
  if (!x) return null;
  return panel(
    'Why it failed',
    {
      id: 'error',
      key: 'error',
      about: 'bad',
      side: x.code ? h('code', {class: 'badge'}, cut(x.code, 40)) : null
    },
    text(x.message, 'error'),
    x.detail &&
      x.detail !== x.message &&
      h('details', {}, h('summary', {}, 'For operators'), text(x.detail, 'detail'))
  );
}

export function attempts(job) {
  const list = job.attempts || [];
  if (!list.length) return null;
  return panel(
    'Attempts',
    {id: 'attempts', key: 'attempts'},
    table(
      'Attempts',
      [
        {name: '#', num: true},
        {name: 'Worker'},
        {name: 'GPU'},
        {name: 'Began', num: true},
        {name: 'Took', num: true},
        {name: 'How it ended', about: 'how'}
      ],
      list.map((x) => ({
        key: x.n,
        cells: [
          String(x.n),
          x.worker ? h('a', {href: `jobs?worker=${encodeURIComponent(x.worker)}`}, cut(x.worker, 30)) : '–',
          x.gpu
            ? h(
                'a',
                {class: 'id', href: `jobs?gpu=${encodeURIComponent(x.gpu)}`, title: x.gpu},
                cut(x.gpu, 14)
              )
            : '–',
          at(x.began),
          x.began && x.ended ? span(x.ended - x.began) : '–',
          x.how === 'success'
            ? h('span', {class: 'good'}, 'success')
            : h('span', {class: 'bad', dir: 'auto'}, cut(x.how || '–', 300))
        ]
      }))
    )
  );
}

export function receipt(job) {
  const r = job.receipt;
  if (!r) return null;
  const parts = [
    ['busy', r.own_s],
    ['boot', r.boot_s],
    ['idle', r.idle_s]
  ];
  return panel(
    'Receipt',
    {
      id: 'receipt',
      key: 'receipt',
      side: h('b', {class: 'num'}, r.usd === undefined ? span(r.seconds) : dollars(r.usd))
    },
    shares(parts, 'GPU time'),
    facts([
      ['GPU time', span(r.seconds)],
      ['Its own', span(r.own_s)],
      ['Share of a boot', span(r.boot_s)],
      ['Share of idle time', span(r.idle_s)]
    ])
  );
}

export function webhook(job) {
  const w = job.webhook;
  if (!w || w.state === 'none') return null;
  const about = {delivered: 'good', dead: 'bad', pending: 'warn'}[w.state];
  return panel(
    'Webhook',
    {
      id: 'webhook',
      key: 'webhook',
      side: h('b', {class: about}, w.state === 'dead' ? 'given up' : w.state)
    },
    facts([
      ['To', cut(w.host || '', 80)],
      ['Tries', w.tries && String(w.tries)],
      w.next_at && ['Next try', when(w.next_at)],
      w.error && ['Answer', h('span', {dir: 'auto'}, cut(w.error, 300))]
    ]),
    w.state === 'dead' &&
      button(
        'Try again',
        () => act(`v1/webhooks/${encodeURIComponent(job.id)}/replay`, undefined, 'It is tried again.'),
        {role: 'operate'}
      )
  );
}

export function parameters(job, text) {
  const value = (name, x) => {
    const s = typeof x === 'string' ? x : JSON.stringify(x);
    const upload = uploadOf(s);
    if (upload)
      return h(
        'a',
        {href: `v1/files/${upload}`, class: 'id', target: '_blank', rel: 'noopener', title: s},
        `uploaded file ${upload.slice(0, 12)}`
      );
    return text(s, `input ${name}`);
  };
  const more = Object.entries(job.metadata || {});
  return panel(
    'Parameters',
    {id: 'input', key: 'input'},
    facts(Object.entries(job.input || {}).map(([name, x]) => [cut(name, 40), value(name, x)])),
    more.length > 0 && [
      h('h3', {}, 'Metadata'),
      facts(more.map(([name, x]) => [cut(name, 60), text(x, `meta ${name}`)]))
    ]
  );
}

export function summary(job) {
  return panel(
    '',
    {key: 'about', about: 'bare'},
    facts([
      ['Queued', job.created_at && when(job.created_at)],
      ['Waited', Number.isFinite(job.waited) ? span(job.waited) : undefined],
      ['Ran', job.started_at && job.finished_at ? span(job.finished_at - job.started_at) : undefined],
      ['Ended', job.finished_at && when(job.finished_at)],
      ['Deadline', job.complete_by && !ended(job) ? slack(job) : undefined],
      ['Attempt', job.attempt ? String(job.attempt) : undefined],
      [
        'Worker',
        job.worker && h('a', {href: `jobs?worker=${encodeURIComponent(job.worker)}`}, cut(job.worker, 40))
      ],
      [
        'GPU',
        job.gpu && h('a', {class: 'id', href: `jobs?gpu=${encodeURIComponent(job.gpu)}`}, cut(job.gpu, 20))
      ],
      ['Runs again', job.retry_of && jobLink(job.retry_of)]
    ])
  );
}
