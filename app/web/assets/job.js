// One job: what came of it, why it waits, what it cost, what can be done.
import {h} from './h.js';
import {get} from './api.js';
import {bytes, cut, ended, gist, uploadOf} from './format.js';
import {app} from './state.js';
import {attempts, failure, parameters, receipt, summary, webhook, why} from './job_panels.js';
import {timeline} from './timeline.js';
import {act, ask, button, copy, curlLine, empty, kind, may, panel, progress, short, status} from './ui.js';

const shownText = 4000;

// Parameters as POST /v1/jobs takes them; the record has older names for some.
export function newJobOf(job) {
  const names = {audio_url: 'audio', image_url: 'image', reference_audio_url: 'reference_audio'};
  const input = {};
  for (const [name, value] of Object.entries(job.input || {}))
    if (name !== 'notify_url')
      input[names[name] || name] = uploadOf(value) ? `file:${uploadOf(value)}` : value;
  return {type: job.type, input, ...(job.max_time ? {max_time: job.max_time} : {})};
}

export function jobScreen(search, id) {
  let job = null;
  let events = [];
  let trouble = null;
  let source = null;
  let gone = false;
  let unplayable = false;
  let asked = 0;
  const opened = new Set();
  const path = `v1/jobs/${encodeURIComponent(id)}`;

  async function load() {
    const mine = ++asked;
    try {
      const [x, y] = await Promise.all([get(path), get(`${path}/timeline`).catch(() => ({events: []}))]);
      if (mine !== asked) return;
      job = x;
      events = y.events;
      trouble = null;
      follow();
    } catch (problem) {
      trouble = problem;
    }
  }

  // Progress comes by a stream of the job's own. While it is lost the page's
  // snapshots have it. An answer may come when the screen is closed: nobody would
  // close a stream that begins then.
  function follow() {
    if (gone || source || ended(job) || document.hidden) return;
    source = new EventSource(`${path}/events`);
    const take = (event) => {
      try {
        job = {...job, ...JSON.parse(event.data)};
        app.draw();
      } catch {
        app.look();
      }
    };
    source.addEventListener('state', take);
    source.addEventListener('progress', take);
    source.addEventListener('change', () => app.look());
    source.addEventListener('end', () => {
      close();
      app.look();
    });
    source.addEventListener('error', close);
  }

  function close() {
    source?.close();
    source = null;
  }

  const hidden = () => document.hidden && close();
  document.addEventListener('visibilitychange', hidden);

  async function cancel() {
    if (
      await ask({
        title: `Cancel ${short(id)}?`,
        body:
          job.status === 'running' ? 'It runs. What it has rendered so far is lost.' : 'It has not begun.',
        confirm: 'Cancel the job',
        bad: true
      })
    )
      act(`${path}/cancel`, undefined, 'The job is cancelled.');
  }

  async function again() {
    const made = await act(`${path}/retry`, undefined, 'It is in the queue again, as a new job.');
    if (made?.id) app.go(`jobs/${encodeURIComponent(made.id)}`);
  }

  // A long text is shown in part until somebody asks for all of it.
  function text(value, name) {
    const s = String(value);
    const whole = s.length <= shownText || opened.has(name);
    return h(
      'div',
      {class: 'text', dir: 'auto'},
      whole ? s : cut(s, shownText),
      whole
        ? null
        : h(
            'button',
            {
              type: 'button',
              class: 'quiet',
              on: {
                click: () => {
                  opened.add(name);
                  app.draw();
                }
              }
            },
            `Show all ${bytes(s.length)}`
          )
    );
  }

  function result() {
    const x = job.result;
    if (!x || (!x.url && x.text === undefined)) return null;
    const file = x.url ? `${path}/result` : null;
    const type = x.content_type || '';
    const failed = {
      error: () => {
        unplayable = true;
        app.draw();
      }
    };
    const source = {src: file, key: 'player', on: failed};
    const player =
      !file || unplayable
        ? null
        : /^audio/.test(type)
          ? h('audio', {...source, controls: true, preload: 'metadata', 'aria-label': 'The sound'})
          : /^video/.test(type)
            ? h('video', {...source, controls: true, preload: 'metadata', 'aria-label': 'The video'})
            : /^image/.test(type)
              ? h('img', {...source, alt: 'The picture'})
              : null;
    return panel(
      'Result',
      {
        id: 'result',
        key: 'result',
        about: 'result',
        side: h(
          'span',
          {class: 'actions'},
          x.text !== undefined && button('Copy', () => copy(x.text, 'The text'), {about: 'quiet'}),
          file && h('a', {class: 'button quiet', href: file, download: cut(x.name || id, 100)}, 'Download')
        )
      },
      player,
      unplayable &&
        h(
          'p',
          {class: 'muted'},
          'It cannot be played here: the storage may be at another address. ',
          h('a', {href: file, target: '_blank', rel: 'noopener'}, 'Open the file')
        ),
      x.text !== undefined && text(x.text, 'result')
    );
  }

  function view() {
    if (!job) {
      if (!trouble) return h('p', {class: 'loading'}, 'Loading…');
      if (trouble.status === 404)
        return empty(
          'There is no job with this id.',
          h('p', {class: 'muted id'}, cut(id, 64)),
          h('p', {class: 'muted'}, 'A record may have expired (JOB_TTL), or been deleted by its front end.'),
          h('p', {}, h('a', {href: `jobs?q=${encodeURIComponent(id)}`}, 'Look for it as a word'))
        );
      return empty('The job cannot be read now.', h('p', {class: 'muted'}, trouble.message));
    }
    const can = (x) => (job.actions || []).includes(x);
    return [
      h(
        'div',
        {class: 'title job-title', key: 'title'},
        h(
          'div',
          {},
          h('p', {class: 'over'}, kind(job.type, true), status(job)),
          h('h1', {dir: 'auto'}, gist(job) || short(id)),
          h(
            'p',
            {class: 'muted id-line'},
            h('code', {}, id),
            button('Copy id', () => copy(id, 'The id'), {about: 'quiet'})
          )
        ),
        h(
          'div',
          {class: 'actions'},
          can('cancel') && button('Cancel…', cancel, {role: 'submit', about: 'danger'}),
          can('retry') && button('Run again', again, {role: 'submit'}),
          may('submit') &&
            h('a', {class: 'button', href: `new?from=${encodeURIComponent(id)}`}, 'Change and run'),
          button('Copy as curl', () => copy(curlLine(JSON.stringify(newJobOf(job))), 'The command'), {
            about: 'quiet'
          })
        )
      ),
      job.notice && h('p', {class: 'banner warn', key: 'notice'}, cut(job.notice, 500)),
      job.status === 'running' && h('div', {class: 'panel running', key: 'progress'}, progress(job)),
      why(job),
      failure(job, text),
      result(),
      summary(job),
      h(
        'div',
        {class: 'two', key: 'two'},
        h('div', {}, timeline(job, events), attempts(job)),
        h('div', {}, receipt(job), webhook(job), parameters(job, text))
      ),
      h(
        'details',
        {
          class: 'raw',
          key: 'raw',
          on: {
            toggle: (e) => {
              if (e.target.open) opened.add('raw');
              else opened.delete('raw');
              app.draw();
            }
          }
        },
        h('summary', {}, 'The job as JSON'),
        opened.has('raw') &&
          h('pre', {class: 'code', tabindex: 0, dir: 'ltr'}, cut(JSON.stringify(job, null, 1), 60000))
      )
    ];
  }

  return {
    title: `Job ${short(id)}`,
    get lively() {
      return job && !ended(job);
    },
    load,
    view,
    close() {
      gone = true;
      close();
      document.removeEventListener('visibilitychange', hidden);
    }
  };
}
