// Sparklines and the chart of what each GPU did, as SVG.
import {h} from './h.js';
import {clock, cut, now, span} from './format.js';

const wide = 100;
const high = 28;

// A line over the last day; gaps where nobody looked.
export function sparkline(values, name) {
  const list = (values || []).map((x) => (Number.isFinite(x) ? x : null));
  const top = Math.max(...list.filter((x) => x !== null), 0);
  if (list.length < 2 || !list.some((x) => x !== null))
    return h('div', {class: 'spark', 'aria-hidden': 'true'});
  const x = (i) => ((i / (list.length - 1)) * wide).toFixed(2);
  const y = (v) => (high - 1.5 - (top > 0 ? v / top : 0) * (high - 4)).toFixed(2);
  let line = '';
  let area = '';
  let from = null;
  const close = (i) => {
    if (from === null) return;
    area += `L${x(i)} ${high}L${x(from)} ${high}Z`;
    from = null;
  };
  list.forEach((v, i) => {
    if (v === null) return close(i - 1);
    const step = `${from === null ? 'M' : 'L'}${x(i)} ${y(v)}`;
    if (from === null) from = i;
    line += step;
    area += step;
  });
  close(list.length - 1);
  return h(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${wide} ${high}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': name
    },
    h('path', {class: 'area', d: area}),
    h('path', {class: 'line', d: line, 'vector-effect': 'non-scaling-stroke'})
  );
}

const words = {boot: 'boots', idle: 'is idle', drain: 'stops'};

function segment(x, from, to) {
  const left = Math.max(0, (x.from - from) / (to - from)) * 1000;
  const width = Math.max(1.5, ((Math.min(x.to, to) - Math.max(x.from, from)) / (to - from)) * 1000);
  const thin = x.kind === 'idle';
  const place = {x: left.toFixed(1), width: width.toFixed(1), y: thin ? 10 : 3, height: thin ? 2 : 16};
  const hours = `${clock(x.from, false)} to ${clock(x.to, false)}, ${span(x.to - x.from)}`;
  if (x.kind !== 'job')
    return h(
      'rect',
      {class: `seg ${x.kind}`, ...place},
      h('title', {}, `${words[x.kind] || x.kind}, ${hours}`)
    );
  const name = `${x.type || 'job'} ${x.job ? x.job.slice(0, 8) : ''}, ${hours}`;
  const box = h('rect', {class: `seg of-${x.type || 'other'}`, ...place}, h('title', {}, name));
  return x.job
    ? h('a', {href: `jobs/${encodeURIComponent(x.job)}`, tabindex: -1, 'aria-label': name}, box)
    : box;
}

// Ticks at round times, some five of them.
function ticks(from, to) {
  const steps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600];
  const step = steps.find((x) => (to - from) / x <= 7) || 43200;
  const out = [];
  for (let t = Math.ceil(from / step) * step; t < to - (to - from) / 12; t += step) out.push(t);
  return out;
}

// So many GPUs are shown; the rest is counted.
const mostRows = 40;
// Seconds: no chart is shorter.
const least = 300;

export function gantt({from: asked, to, rows: all}) {
  const rows = all.slice(0, mostRows);
  const late = Math.max(to, Math.min(now(), to + 30));
  // A fleet that has just begun fills the chart as well.
  const first = Math.min(...rows.flatMap((row) => row.segments.map((x) => x.from)), late - least);
  const from = Math.max(asked, first);
  const share = (t) => `${(((t - from) / (late - from)) * 100).toFixed(2)}%`;
  const shown = h(
    'div',
    {class: 'gantt', key: 'gantt'},
    rows.map((row) =>
      h(
        'div',
        {class: 'lane', key: row.gpu},
        h(
          'a',
          {
            class: 'lane-name',
            href: `gpus?gpu=${encodeURIComponent(row.gpu)}`,
            title: `${row.gpu}, ${row.type || ''}`
          },
          h('b', {}, cut(row.type || 'GPU', 22)),
          h('small', {}, cut(row.gpu, 14))
        ),
        h(
          'svg',
          {
            viewBox: '0 0 1000 22',
            preserveAspectRatio: 'none',
            role: 'group',
            'aria-label': `${row.gpu} of ${row.worker || 'no worker'}: ${said(row.segments)}`
          },
          row.segments.filter((x) => x.to > from).map((x) => segment(x, from, late))
        )
      )
    ),
    h(
      'div',
      {class: 'axis', 'aria-hidden': 'true'},
      ticks(from, late).map((t) => h('span', {key: t, css: {left: share(t)}}, clock(t, false)))
    )
  );
  const more = all.length - rows.length;
  return [shown, more > 0 && h('p', {class: 'under', key: 'more'}, `and ${more} more GPUs`)];
}

function said(segments) {
  const sums = {};
  for (const x of segments) sums[x.kind] = (sums[x.kind] || 0) + x.to - x.from;
  return (
    ['boot', 'job', 'idle', 'drain']
      .filter((x) => sums[x])
      .map((x) => `${x} ${span(sums[x])}`)
      .join(', ') || 'nothing'
  );
}

export function legend() {
  return h(
    'ul',
    {class: 'legend', 'aria-label': 'Colours'},
    ['boot', 'idle', 'drain'].map((x) => h('li', {}, h('i', {class: `swatch ${x}`}), x)),
    ['csm', 'whisper', 'portrait', 'analyze'].map((x) => h('li', {}, h('i', {class: `swatch of-${x}`}), x))
  );
}

// A column for each of [day, value]; days are UTC, YYYY-MM-DD.
export function columns(values, said) {
  const most = Math.max(...values.map((x) => x[1]), 1e-9);
  return h(
    'ol',
    {class: 'columns'},
    values.map(([day, x]) =>
      h(
        'li',
        {key: day, title: `${day}: ${said(x)}`},
        h('b', {class: 'num'}, said(x)),
        h('i', {css: {'--share': String(x / most)}}),
        h('span', {class: 'num'}, day.slice(5).replace('-', '/'))
      )
    )
  );
}

// How a span was spent, as one bar. `parts`: [name, seconds].
export function shares(parts, name) {
  const all = parts.reduce((sum, x) => sum + (x[1] || 0), 0);
  let left = 0;
  return h(
    'svg',
    {
      class: 'shares',
      viewBox: '0 0 1000 10',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `${name}: ${parts
        .filter((x) => x[1])
        .map((x) => `${x[0]} ${span(x[1])}`)
        .join(', ')}`
    },
    parts
      .filter((x) => x[1] > 0 && all > 0)
      .map(([what, s]) => {
        const x = left;
        left += (s / all) * 1000;
        return h(
          'rect',
          {class: `seg ${what}`, x: x.toFixed(1), y: 0, width: ((s / all) * 1000).toFixed(1), height: 10},
          h('title', {}, `${what} ${span(s)}`)
        );
      })
  );
}
