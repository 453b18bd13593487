// The provider's list of running GPUs beside the launch ledger.
import {h} from './h.js';
import {ago, counted, cut, now} from './format.js';
import {panel, table, when} from './ui.js';

// Workers look each five minutes; by then the third look has failed.
const oldAfter = 900;

function words(x) {
  const unknown = x.unknown.length + x.more_unknown;
  const lost = x.lost.length + x.more_lost;
  const out = [];
  if (unknown) out.push(unknown === 1 ? 'one is not in the ledger' : `${unknown} are not in the ledger`);
  else if (x.gpus) out.push(x.gpus === 1 ? 'it is in the ledger' : 'all are in the ledger');
  if (lost) out.push(`${counted(lost, 'GPU')} of the ledger ${lost === 1 ? 'was' : 'were'} not on the list`);
  return out.map((part) => `; ${part}`).join('');
}

export function providerLine(x) {
  if (!x)
    return h(
      'p',
      {class: 'quiet-line unsure', key: 'provider'},
      h('i', {}),
      'No worker has told what the provider lists.'
    );
  const old = now() - x.at > oldAfter;
  const unlike = old || x.lost.length > 0 || x.unknown.some((gpu) => !gpu.young);
  return h(
    'p',
    {class: `quiet-line${unlike ? ' warn' : ''}`, key: 'provider'},
    h('i', {}),
    h(
      'span',
      {},
      `The provider listed ${counted(x.gpus, 'GPU')} `,
      when(x.at, ago(x.at) === 'now' ? 'just now' : ago(x.at)),
      x.others ? `, and ${x.others} of types that no worker rents` : '',
      words(x),
      '.',
      old ? ' It could not be asked since.' : ''
    )
  );
}

// What runs there and costs, though no worker has rented it.
export function unknownGpus(x) {
  if (!x?.unknown.length) return null;
  return panel(
    'Not in the ledger',
    {
      id: 'unknown',
      key: 'unknown',
      about: x.unknown.some((gpu) => !gpu.young) ? 'warn' : '',
      side: x.more_unknown ? h('span', {class: 'muted num'}, `and ${x.more_unknown} more`) : null
    },
    table(
      'GPUs that are not in the ledger',
      [
        {name: 'GPU'},
        {name: 'Created', num: true},
        {name: 'First seen so', num: true},
        {name: 'What it may be', about: 'grow'}
      ],
      x.unknown.map((gpu) => ({
        key: gpu.workload,
        cells: [
          [
            h('b', {}, cut(gpu.type || '–', 30)),
            h('small', {class: 'id', title: gpu.workload}, cut(gpu.workload, 60))
          ],
          when(gpu.created),
          when(gpu.since),
          gpu.young
            ? 'A launch whose answer was lost is found within ten minutes.'
            : 'Rented by hand or by another fleet, or lost.'
        ]
      }))
    ),
    h(
      'p',
      {class: 'muted'},
      'It costs money as long as it runs. Workers never touch it: stop it at the provider if nobody uses it.'
    )
  );
}
