// What became of a job, with how long each step took.
import {h} from './h.js';
import {cut, ended, now, span, statuses} from './format.js';
import {at, panel} from './ui.js';

const words = {
  job_queued: () => ['Queued'],
  job_claimed: (x) => ['Claimed', x.worker && `by ${x.worker}`, x.attempt > 1 && `attempt ${x.attempt}`],
  job_attempt_failed: (x) => [`Attempt ${x.attempt || ''} failed`, x.reason, x.gpu && `on ${x.gpu}`, 'bad'],
  job_released: (x) => ['Back in the queue, uncounted', x.worker && `by ${x.worker}`],
  job_recovered: (x) => ['Taken from a lost worker', x.worker, 'warn'],
  job_ended: (x) => [`Ended: ${statuses[x.status] || x.status || 'done'}`, x.reason, ends(x.status)],
  webhook_delivered: (x) => ['Webhook delivered', x.attempt > 1 && `after ${x.attempt} tries`],
  webhook_dead: (x) => ['Webhook given up', x.attempt && `after ${x.attempt} tries`, x.reason, 'bad']
};

const ends = (status) => (!status || status === 'success' ? 'good' : status === 'cancelled' ? '' : 'bad');

const gpuWords = {
  gpu_intent: 'GPU asked for',
  gpu_running: 'GPU launched',
  gpu_ready: 'GPU ready',
  gpu_taken: 'GPU taken over',
  gpu_stopping: 'GPU stops',
  gpu_closed: 'GPU ended'
};

function entry(what, fields) {
  if (what === 'stage') return {name: fields.stage || 'stage', detail: '', about: 'stage'};
  if (gpuWords[what]) return {name: gpuWords[what], detail: fields.gpu || '', about: 'stage'};
  const [name, ...more] = (words[what] || (() => [what.replaceAll('_', ' '), fields.gpu, fields.reason]))(
    fields
  );
  const about = ['good', 'bad', 'warn'].includes(more.at(-1)) ? more.pop() : '';
  return {name, detail: more.filter(Boolean).join(', '), about};
}

export function timeline(job, events) {
  const list = events.map((x) => ({at: x.at, ...entry(x.what, x.fields || {})}));
  const has = (what) => events.some((x) => x.what === what);
  // The stream keeps the latest events only; the record has the rest.
  if (job.created_at && !has('job_queued'))
    list.push({at: job.created_at, name: 'Queued', detail: '', about: ''});
  if (job.started_at && !has('job_claimed'))
    list.push({at: job.started_at, name: 'Claimed', detail: job.worker || '', about: ''});
  if (job.finished_at && !has('job_ended'))
    list.push({
      at: job.finished_at,
      name: `Ended: ${statuses[job.status] || job.status}`,
      detail: '',
      about: ends(job.status)
    });
  for (const x of (!has('stage') && job.stages) || [])
    list.push({at: x.at, name: x.name, detail: '', about: 'stage'});
  list.sort((a, b) => a.at - b.at);
  if (!list.length) return null;
  return panel(
    'Timeline',
    {id: 'timeline', key: 'timeline'},
    h(
      'ol',
      {class: 'timeline'},
      list.map((x, i) => {
        const next = list[i + 1];
        const took = next ? next.at - x.at : ended(job) ? null : Math.floor(now() - x.at);
        return h(
          'li',
          {class: x.about, key: `${x.at} ${x.name}`},
          h('i', {'aria-hidden': 'true'}),
          h(
            'div',
            {},
            h('b', {}, cut(x.name, 60)),
            x.detail && h('p', {class: 'muted', dir: 'auto'}, cut(x.detail, 300))
          ),
          h('span', {class: 'num muted'}, took === null || took < 0.05 ? '' : span(took)),
          h('span', {class: 'num'}, at(x.at))
        );
      })
    )
  );
}
