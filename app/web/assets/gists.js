// What jobs of a list are about: lists come without parameters, so each job that
// is shown is asked for once.
import {get} from './api.js';
import {gist} from './format.js';
import {app} from './state.js';
import {dialogOpen} from './ui.js';

const most = 2000;
// Statuses of a moment in which nobody could answer.
const away = [0, 429, 502, 503, 504];
const known = new Map();
let busy = false;

export const gistOf = (job) => gist(job) || known.get(job.id) || '';

// One after another, and not while nobody looks: what is asked for by people
// comes first.
export async function learn(jobs) {
  if (busy) return;
  busy = true;
  if (known.size > most) known.clear();
  try {
    for (const job of jobs) {
      if (document.hidden || dialogOpen()) break;
      if (gist(job) || known.has(job.id)) continue;
      known.set(job.id, '');
      try {
        known.set(job.id, gist(await get(`v1/jobs/${encodeURIComponent(job.id)}`)));
      } catch (problem) {
        // Else the column stays empty.
        if (!away.includes(problem.status)) continue;
        known.delete(job.id);
        break;
      }
    }
  } finally {
    busy = false;
    app.draw();
  }
}
