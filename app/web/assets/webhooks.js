// Webhooks that are not delivered, by receiver.
import {h} from './h.js';
import {get, post} from './api.js';
import {counted, cut} from './format.js';
import {app} from './state.js';
import {act, ask, button, empty, jobLink, notice, panel, table, when} from './ui.js';

const most = 1000;

export function webhooksScreen() {
  let data = null;
  let trouble = null;
  let replaying = null;

  async function load() {
    try {
      data = await get(`v1/webhooks?limit=${most}`);
      trouble = null;
    } catch (problem) {
      trouble = problem;
    }
  }

  const replay = (x) => `v1/webhooks/${encodeURIComponent(x.job)}/replay`;

  async function replayAll(list, host) {
    const n = list.length;
    if (
      !(await ask({
        title: `Try ${counted(n, 'webhook')} again?`,
        confirm: `Try ${n}`,
        word: n > 100 ? String(n) : undefined,
        body: `All of them go to ${host}. Do this when it takes webhooks again: each is tried five times.`
      }))
    )
      return;
    let failed = 0;
    replaying = {done: 0, of: n};
    for (const x of list) {
      try {
        await post(replay(x));
      } catch {
        failed++;
      }
      replaying.done++;
      app.draw();
    }
    replaying = null;
    notice(
      failed
        ? `${n - failed} are tried again, ${failed} could not be.`
        : `${counted(n, 'webhook')} will be tried again.`,
      failed > 0
    );
    app.look();
  }

  function rows(list, dead) {
    return list.slice(0, 200).map((x) => ({
      key: x.job,
      href: `jobs/${encodeURIComponent(x.job)}`,
      cells: [
        jobLink(x.job),
        when(dead ? x.dead_at || x.created_at : x.created_at),
        String(x.tries ?? '–'),
        dead ? '' : when(x.next_at),
        h('span', {dir: 'auto', class: 'bad'}, cut(x.error || '', 160)),
        dead
          ? button('Try again', () => act(replay(x), undefined, 'It is tried again.'), {
              role: 'operate',
              about: 'quiet',
              label: `Try again: ${x.job}`
            })
          : ''
      ]
    }));
  }

  function groups(list, dead) {
    const hosts = new Map();
    for (const x of list) hosts.set(x.host || 'unknown', [...(hosts.get(x.host || 'unknown') || []), x]);
    const columns = [
      {name: 'Job'},
      {name: dead ? 'Given up' : 'Since', num: true},
      {name: 'Tries', num: true},
      {name: dead ? '' : 'Next try', num: true},
      {name: 'Answer', about: 'gist'},
      {name: '', about: 'actions'}
    ];
    const used = (cells) => (dead ? cells.filter((_, i) => i !== 3) : cells.slice(0, 5));
    return [...hosts].map(([host, items]) =>
      panel(
        cut(host, 80),
        {
          key: `${dead} ${host}`,
          side: h(
            'span',
            {class: 'actions'},
            h('span', {class: `badge${dead ? ' bad' : ''}`}, String(items.length)),
            dead &&
              button(
                replaying ? `${replaying.done} of ${replaying.of}` : 'Try all again…',
                () => replayAll(items, cut(host, 80)),
                {role: 'operate', disabled: Boolean(replaying)}
              )
          )
        },
        table(
          `${dead ? 'Given up' : 'Pending'}: ${cut(host, 80)}`,
          used(columns),
          rows(items, dead).map((x) => ({...x, cells: used(x.cells)}))
        ),
        items.length > 200 && h('p', {class: 'muted'}, `and ${items.length - 200} more`)
      )
    );
  }

  function view() {
    if (!data)
      return trouble
        ? empty('The outbox cannot be read now.', h('p', {class: 'muted'}, trouble.message))
        : h('p', {class: 'loading'}, 'Loading…');
    const {pending, dead} = data;
    return [
      h(
        'div',
        {class: 'title'},
        h('h1', {}, 'Webhooks'),
        h(
          'p',
          {class: 'muted'},
          `${dead.length ? `${dead.length} given up` : 'None given up'}, ${pending.length ? `${pending.length} still to be delivered` : 'none pending'}.`
        )
      ),
      !pending.length &&
        !dead.length &&
        h(
          'div',
          {class: 'panel'},
          empty(
            'All webhooks are delivered.',
            h(
              'p',
              {class: 'muted'},
              'A job with a webhook tells its receiver how it ended. What a receiver does not take is tried five times, and then waits here.'
            )
          )
        ),
      dead.length > 0 && h('h2', {key: 'h-dead'}, 'Given up'),
      groups(dead, true),
      pending.length > 0 && h('h2', {key: 'h-pending'}, 'To be delivered'),
      groups(pending, false)
    ];
  }

  return {title: 'Webhooks', load, view};
}
