// Cancels many jobs, or runs them again: counted first, then confirmed.
import {post} from './api.js';
import {counted, whole} from './format.js';
import {app} from './state.js';
import {ask, notice} from './ui.js';

// More than so many are confirmed by typing their number.
const typedAbove = 100;
// The service changes no more by one request.
const atOnce = 10_000;

const words = {
  cancel: {
    verb: 'Cancel',
    done: 'cancelled',
    none: 'None of these can be cancelled: they have ended.',
    warning: 'What they have rendered so far is lost.'
  },
  retry: {
    verb: 'Run again',
    done: 'put into the queue',
    none: 'None of these can run again: they have not ended.',
    warning: 'Each becomes a new job with a new id; the old ones keep their history.'
  }
};

function clean(filter) {
  const out = {};
  for (const [name, x] of Object.entries(filter))
    if (x !== '') out[name] = name === 'from' || name === 'to' ? Number(x) : x;
  return out;
}

// `said`: what all of them have in common, when those that are not seen are meant
// as well. Returns whether something was done.
export async function actOnMany(action, filter, said) {
  const {verb, done, none, warning} = words[action];
  const body = {action, filter: clean(filter)};
  try {
    const {matched} = await post('v1/jobs/bulk', {...body, dry_run: true});
    if (!matched) {
      notice(none);
      return false;
    }
    const now = Math.min(matched, atOnce);
    const rest =
      matched > now ? `No more than ${whole(now)} are done at once; ${whole(matched - now)} are left. ` : '';
    const sure = await ask({
      title: `${verb}: ${counted(matched, 'job')}`,
      body: (said ? `All that match (${said}), whether they are on this page or not. ` : '') + rest + warning,
      confirm: `${verb} ${now}`,
      bad: action === 'cancel',
      word: now > typedAbove ? String(now) : undefined
    });
    if (!sure) return false;
    const answer = await post('v1/jobs/bulk', body);
    const left = answer.matched - answer.done - answer.failed;
    notice(
      `${counted(answer.done, 'job')} ${done}` +
        (answer.failed ? `, ${answer.failed} could not be` : '') +
        (left > 0 ? `, ${whole(left)} are left.` : '.'),
      Boolean(answer.failed)
    );
    return true;
  } catch (problem) {
    notice(problem.message, true);
    return false;
  } finally {
    app.look();
  }
}
