// Pieces that several screens use.
import {h, patch} from './h.js';
import {absolute, ago, clock, cut, ended, isTime, kinds, now, span, statuses, timeLeft} from './format.js';
import {post} from './api.js';
import {app} from './state.js';

// A time as people say it; the exact one is a hover away.
export function when(at, text = ago(at)) {
  if (!at || !isTime(at)) return h('span', {class: 'faint'}, '–');
  return h('time', {datetime: new Date(at * 1000).toISOString(), title: absolute(at)}, text);
}
export const at = (time) => when(time, time && clock(time));

export function status(job) {
  return h(
    'span',
    {class: `status is-${job.status in statuses ? job.status : 'other'}`},
    h('i', {}),
    statuses[job.status] || cut(job.status, 20)
  );
}

export function kind(type, long = false) {
  const x = kinds[type];
  return h(
    'span',
    {class: `kind of-${x ? type : 'other'}`, title: x ? x.what : ''},
    h('i', {}),
    cut(type, 16),
    long && x && x.name.toLowerCase() !== type && h('small', {}, x.name)
  );
}

export const short = (id) => (id.length > 13 ? id.slice(0, 8) : id);

export function jobLink(id, text = short(id)) {
  return h('a', {href: `jobs/${encodeURIComponent(id)}`, class: 'id', title: id}, text);
}

export function bar(share, name, about = '') {
  const known = Number.isFinite(share);
  return h(
    'div',
    {
      class: `bar ${about}`,
      role: 'progressbar',
      'aria-label': name,
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'aria-valuenow': known ? Math.round(share * 100) : undefined,
      css: {'--share': known ? String(Math.min(1, Math.max(0, share))) : '0'}
    },
    h('i', {})
  );
}

export function progress(job) {
  const left = timeLeft(job);
  return [
    h(
      'div',
      {class: 'doing'},
      bar(job.progress, `Progress of ${short(job.id)}`, `of-${job.type}`),
      h(
        'span',
        {class: 'num'},
        Number.isFinite(job.progress)
          ? `${job.progress_estimated ? '≈ ' : ''}${Math.round(job.progress * 100)} %`
          : ''
      )
    ),
    h(
      'div',
      {class: 'under'},
      cut(job.stage || 'starts', 60),
      left === null ? null : ` · about ${span(Math.ceil(left))} left`
    )
  ];
}

// Green, amber, red: will it be in time?
export function slack(job) {
  if (!job.complete_by || !isTime(job.complete_by)) return h('span', {class: 'faint'}, '–');
  const left = job.complete_by - now();
  if (ended(job)) return when(job.complete_by);
  const late = left < 0 || job.waiting?.deadline_at_risk || left < (timeLeft(job) ?? 0);
  return h(
    'time',
    {class: late ? 'bad' : left < 120 ? 'warn' : '', title: absolute(job.complete_by)},
    left < 0 ? 'passed' : `in ${span(left)}`
  );
}

// -- buttons, notices, dialogs ---------------------------------------------------

export const may = (role) => {
  const all = ['view', 'submit', 'operate'];
  return all.indexOf(app.me?.role) >= all.indexOf(role);
};

// A button that needs a role is not there for those who have less.
export function button(text, click, {role = 'view', about = '', disabled = false, label, key} = {}) {
  if (!may(role)) return null;
  return h('button', {type: 'button', key, class: about, disabled, 'aria-label': label, on: {click}}, text);
}

const notices = [];
const place = (id) => document.getElementById(id);

export function notice(text, bad = false) {
  const item = {text: cut(text, 300), bad, key: Symbol()};
  notices.push(item);
  const draw = () =>
    patch(
      place('notices'),
      notices.map((x) => h('div', {key: x.key, class: `notice${x.bad ? ' bad' : ''}`}, x.text))
    );
  draw();
  setTimeout(
    () => {
      notices.splice(notices.indexOf(item), 1);
      draw();
    },
    bad ? 9000 : 4500
  );
}

// Does it, says how it went, and looks again.
export async function act(path, body, done) {
  try {
    const answer = await post(path, body);
    notice(done || answer.message || 'Done.');
    app.look();
    return answer;
  } catch (problem) {
    notice(problem.message, true);
    app.look();
    return null;
  }
}

export const dialogOpen = () => place('dialog').childNodes.length > 0;

export function closeDialog() {
  place('dialog').querySelector('dialog')?.close();
}

// Resolves with the field's text (true without a field), or null. `word`: what
// must be typed first.
export function ask({title, body, confirm, bad = false, word, field}) {
  return new Promise((resolve) => {
    let typed = '';
    const back = document.activeElement;
    const end = (value) => {
      patch(place('dialog'), []);
      if (back?.isConnected) back.focus();
      resolve(value);
    };
    const draw = () => {
      const ready = !word || typed.trim() === word;
      patch(place('dialog'), [
        h(
          'dialog',
          {
            'aria-labelledby': 'dialog-title',
            on: {close: () => end(null)},
            hook: (x) => queueMicrotask(() => x.showModal())
          },
          h(
            'form',
            {
              on: {
                submit: (event) => {
                  event.preventDefault();
                  if (ready) end(field ? typed : true);
                }
              }
            },
            h('h2', {id: 'dialog-title'}, title),
            typeof body === 'string' ? h('p', {}, body) : body,
            word &&
              h(
                'label',
                {},
                h('span', {}, 'Type ', h('b', {}, word), ' to go on'),
                h('input', {
                  type: 'text',
                  autocomplete: 'off',
                  inputmode: 'numeric',
                  on: {
                    input: (e) => {
                      typed = e.target.value;
                      draw();
                    }
                  }
                })
              ),
            field &&
              h(
                'label',
                {},
                h('span', {}, field),
                h('input', {
                  type: 'text',
                  maxlength: 200,
                  autocomplete: 'off',
                  on: {
                    input: (e) => {
                      typed = e.target.value;
                    }
                  }
                })
              ),
            h(
              'footer',
              {},
              h('button', {type: 'button', on: {click: closeDialog}}, confirm ? 'Not now' : 'Close'),
              confirm &&
                h('button', {type: 'submit', class: bad ? 'danger' : 'primary', disabled: !ready}, confirm)
            )
          )
        )
      ]);
    };
    draw();
  });
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notice(`${what} is on the clipboard.`);
  } catch {
    // Without https a browser lends no clipboard: then by hand.
    ask({title: what, body: h('pre', {class: 'code', tabindex: 0}, text)});
  }
}

// -- frames ------------------------------------------------------------------------

export function panel(title, {side, about = '', key, id} = {}, ...body) {
  return h(
    'section',
    {class: `panel ${about}`, key, 'aria-labelledby': id},
    title && h('header', {}, h('h2', {id}, title), side),
    body
  );
}

export function empty(title, ...more) {
  return h('div', {class: 'empty'}, h('p', {class: 'lead'}, title), more);
}

// Submits a job, given as JSON, from a shell.
export function curlLine(job = '{"type": "csm", "input": {"text": "Hello, world."}}') {
  return (
    `curl ${new URL('v1/jobs', document.baseURI).href} \\\n` +
    (app.me?.login ? '  -H "Authorization: Bearer $C3_KEY" \\\n' : '') +
    "  -H 'Content-Type: application/json' \\\n" +
    `  -d '${job.replaceAll("'", "'\\''")}'`
  );
}

export function command(text, name) {
  return h(
    'div',
    {class: 'command'},
    h('pre', {class: 'code', tabindex: 0, 'aria-label': name}, text),
    h(
      'button',
      {type: 'button', class: 'quiet', 'aria-label': `Copy: ${name}`, on: {click: () => copy(text, name)}},
      'Copy'
    )
  );
}

// `columns`: {name, num, wide, about}; rows: {key, href, cells}. A narrow screen shows each
// row as a card, with the columns' names beside the values.
export function table(name, columns, rows) {
  return h(
    'div',
    {class: 'scroll'},
    h(
      'table',
      {'aria-label': name},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((c) =>
            h(
              'th',
              {scope: 'col', class: c.num ? 'num' : ''},
              c.head ?? (c.name || h('span', {class: 'unseen'}, 'Actions'))
            )
          )
        )
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {
              key: row.key,
              class: row.about || '',
              'data-href': row.href,
              tabindex: row.href ? -1 : undefined
            },
            row.cells.map((cell, i) =>
              h(
                'td',
                {
                  class: `${columns[i].num ? 'num' : ''} ${columns[i].about || ''}`,
                  'data-name': columns[i].name
                },
                cell
              )
            )
          )
        )
      )
    )
  );
}

export function facts(pairs) {
  return h(
    'dl',
    {class: 'facts'},
    pairs
      .filter((x) => x && x[1] !== undefined && x[1] !== '')
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))
  );
}
