// A form for each kind of job.
import {h} from './h.js';
import {get, post, upload} from './api.js';
import {bytes, cut, kinds} from './format.js';
import {app} from './state.js';
import {command, curlLine, empty, may, notice} from './ui.js';
import {newJobOf} from './job.js';

const models = ['tiny', 'base', 'small', 'medium', 'large', 'large-v2', 'large-v3'];
// [name, label, what it is, options]
const fields = {
  csm: [
    ['text', 'Text', 'area', {hint: 'What is said.', required: true}],
    ['voice', 'Voice', 'pick', {options: ['random', 'conversational_a', 'conversational_b', 'clone']}],
    [
      'reference_audio',
      'Voice to clone',
      'file',
      {accept: 'audio/*', only: (x) => x.voice === 'clone', required: true}
    ],
    [
      'reference_text',
      'What that recording says',
      'text',
      {only: (x) => x.voice === 'clone', required: true}
    ],
    ['temperature', 'Temperature', 'number', {min: 0, max: 2, step: 0.1, hint: '0.9 if empty', more: true}],
    ['topk', 'Top k', 'number', {min: 1, max: 100, step: 1, hint: '50 if empty', more: true}],
    [
      'max_audio_length',
      'Longest part, ms',
      'number',
      {min: 1000, max: 30000, step: 1000, hint: '10000 if empty', more: true}
    ],
    [
      'pause_duration',
      'Pause between parts, ms',
      'number',
      {min: 0, max: 500, step: 10, hint: '150 if empty', more: true}
    ]
  ],
  whisper: [
    ['audio', 'Recording', 'file', {accept: 'audio/*,video/*', required: true}],
    ['task', 'Do', 'pick', {options: ['transcribe', 'translate']}],
    ['language', 'Language', 'text', {hint: 'A code like “en”; detected if empty.'}],
    ['model', 'Model', 'pick', {options: models, first: 'medium', more: true}]
  ],
  portrait: [
    ['image', 'Face', 'file', {accept: 'image/*', required: true}],
    ['audio', 'What it says', 'file', {accept: 'audio/*,video/*', required: true}]
  ],
  analyze: [
    ['image', 'Picture', 'file', {accept: 'image/*', required: true}],
    ['prompt', 'Question', 'area', {hint: 'A detailed description if empty.'}]
  ]
};

export function newScreen(search) {
  let type = kinds[search.get('type')] ? search.get('type') : 'csm';
  // By kind and name, so that a look at another kind loses nothing.
  const values = {csm: {}, whisper: {}, portrait: {}, analyze: {}};
  const common = {};
  const files = {};
  let errors = {};
  let problem = '';
  let busy = false;
  let opened = false;
  // One for each form: what is sent twice is made once.
  let idempotency = null;
  const from = search.get('from');
  let asked = false;

  async function load() {
    if (!from || asked) return;
    asked = true;
    try {
      const job = newJobOf(await get(`v1/jobs/${encodeURIComponent(from)}`));
      if (!kinds[job.type]) return;
      type = job.type;
      for (const [name, x] of Object.entries(job.input))
        values[type][name] = Array.isArray(x) ? x.join('\n') : String(x);
      if (job.input.monologue !== undefined) values.csm.text = values.csm.monologue;
      opened = fields[type].some(([name, , , o]) => o.more && values[type][name] !== undefined);
      if (Object.values(values[type]).some((x) => /^https?:/.test(x)))
        problem = 'Addresses come without what stood behind their “?”. Put it back where it is needed.';
    } catch (x) {
      problem = `Job ${cut(from, 40)}: ${x.message}`;
    }
  }

  function set(name, value) {
    values[type][name] = value;
    idempotency = null;
    problem = '';
    delete errors[name];
  }

  async function take(name, file) {
    if (app.me.upload_max && file.size > app.me.upload_max) {
      errors[name] = `At most ${bytes(app.me.upload_max)}; this file has ${bytes(file.size)}.`;
      app.draw();
      return;
    }
    const slot = `${type} ${name}`;
    const mine = {name: file.name, size: file.size, share: 0};
    files[slot] = mine;
    problem = '';
    delete errors[name];
    const kind = type;
    app.draw();
    try {
      const kept = await upload(file, (share) => {
        mine.share = share;
        app.draw();
      });
      if (files[slot] !== mine) return;
      mine.share = 1;
      mine.id = kept.id;
      values[kind][name] = `file:${kept.id}`;
      idempotency = null;
    } catch (x) {
      if (files[slot] === mine) delete files[slot];
      errors[name] = x.message;
    }
    app.draw();
  }

  async function submit(event) {
    event.preventDefault();
    const input = {};
    errors = {};
    for (const [name, label, what, o] of fields[type]) {
      if (o.only && !o.only(values[type])) continue;
      const x = values[type][name] ?? (what === 'pick' ? o.first || o.options[0] : '');
      if (files[`${type} ${name}`]?.share < 1) errors[name] = 'Wait until the file is there.';
      else if (o.required && !String(x).trim()) errors[name] = `${label} is needed.`;
      if (String(x).trim() !== '') input[name] = what === 'number' ? Number(x) : x;
    }
    const body = {type, input};
    if (common.complete_in) body.complete_in = Number(common.complete_in) * 60;
    if (common.webhook) body.webhook = {url: common.webhook};
    problem = Object.keys(errors).length ? 'Something is missing.' : '';
    if (!problem) {
      busy = true;
      app.draw();
      idempotency ||= `page-${Date.now()}-${Math.random().toString(36).slice(2)}`;
      try {
        const job = await post('v1/jobs', body, {'Idempotency-Key': idempotency});
        notice('The job is in the queue.');
        app.go(`jobs/${encodeURIComponent(job.id)}`);
        return;
      } catch (x) {
        problem = x.message;
        for (const e of x.errors)
          errors[e.field.replace(/^\/?input[./]/, '')] =
            `${cut(e.accepted, 200)} is accepted${e.got ? `; this was “${cut(e.got, 60)}”` : ''}.`;
      }
      busy = false;
    }
    app.draw();
    document.querySelector('#main [aria-invalid=true]')?.focus();
  }

  function field([name, label, what, o]) {
    if (o.only && !o.only(values[type])) return null;
    const id = `f-${type}-${name}`;
    const wrong = errors[name];
    const x = {
      id,
      'aria-invalid': wrong ? 'true' : undefined,
      'aria-describedby': wrong || o.hint ? `${id}-about` : undefined,
      value: values[type][name] ?? (o.first || ''),
      on: {
        input: (e) => {
          set(name, e.target.value);
          app.draw();
        }
      }
    };
    const control =
      what === 'area'
        ? h('textarea', {...x, rows: 4, dir: 'auto'})
        : what === 'pick'
          ? h(
              'select',
              {...x, value: values[type][name] ?? (o.first || o.options[0])},
              o.options.map((value) => h('option', {value}, value.replaceAll('_', ' ')))
            )
          : what === 'number'
            ? h('input', {...x, type: 'number', min: o.min, max: o.max, step: o.step, inputmode: 'decimal'})
            : what === 'file'
              ? drop(name, x, o)
              : h('input', {...x, type: 'text', dir: 'auto'});
    return h(
      'div',
      {class: `field${wrong ? ' wrong' : ''}`, key: id},
      h('label', {for: id}, label, o.required ? null : h('span', {class: 'faint'}, ' optional')),
      control,
      (wrong || o.hint) && h('p', {id: `${id}-about`, class: wrong ? 'bad' : 'hint'}, wrong || o.hint)
    );
  }

  // An address, or a file that is dropped or chosen.
  function drop(name, x, o) {
    const slot = `${type} ${name}`;
    const file = files[slot];
    const over = (yes) => (e) => {
      e.preventDefault();
      e.currentTarget.classList.toggle('over', yes);
    };
    if (file)
      return h(
        'div',
        {class: 'drop has', key: 'has'},
        h('b', {}, cut(file.name, 60)),
        h(
          'span',
          {class: 'muted num'},
          file.share < 1 ? `${Math.round(file.share * 100)} % of ${bytes(file.size)}` : bytes(file.size)
        ),
        h(
          'button',
          {
            type: 'button',
            id: x.id,
            class: 'quiet',
            on: {
              click: () => {
                delete files[slot];
                set(name, '');
                app.draw();
              }
            }
          },
          'Take another'
        )
      );
    return h(
      'div',
      {
        class: 'drop',
        key: 'none',
        on: {
          dragover: over(true),
          dragleave: over(false),
          drop: (e) => {
            over(false)(e);
            if (app.me.uploads && e.dataTransfer.files[0]) take(name, e.dataTransfer.files[0]);
          }
        }
      },
      h('input', {
        ...x,
        type: 'text',
        inputmode: 'url',
        spellcheck: 'false',
        placeholder: app.me.uploads ? 'https://…, or a file' : 'https://…'
      }),
      app.me.uploads &&
        h(
          'label',
          {class: 'button'},
          'Choose a file',
          h('input', {
            type: 'file',
            class: 'unseen',
            accept: o.accept,
            'aria-label': `File: ${name}`,
            on: {change: (e) => e.target.files[0] && take(name, e.target.files[0])}
          })
        ),
      app.me.uploads && h('p', {class: 'hint'}, 'or drop it here')
    );
  }

  function view() {
    if (!may('submit'))
      return empty(
        'This key may look, and not submit.',
        h('p', {class: 'muted'}, 'Ask whoever runs this service for another one.')
      );
    const list = fields[type];
    return [
      h('div', {class: 'title'}, h('h1', {}, 'New job')),
      h(
        'form',
        {class: 'new', on: {submit}},
        h(
          'div',
          {class: 'kinds', role: 'group', 'aria-label': 'Kind'},
          Object.entries(kinds).map(([value, x]) =>
            h(
              'button',
              {
                type: 'button',
                class: `kind-card of-${value}`,
                'aria-pressed': String(type === value),
                on: {
                  click: () => {
                    type = value;
                    idempotency = null;
                    errors = {};
                    problem = '';
                    app.draw();
                  }
                }
              },
              h('i', {}),
              h('b', {}, x.name),
              h('span', {}, x.what),
              h('code', {}, value)
            )
          )
        ),
        h(
          'div',
          {class: 'panel'},
          list.filter((x) => !x[3].more).map(field),
          h(
            'details',
            {
              open: opened || undefined,
              on: {
                toggle: (e) => {
                  opened = e.target.open;
                }
              },
              key: `more ${type}`
            },
            h('summary', {}, 'More'),
            list.filter((x) => x[3].more).map(field),
            h(
              'div',
              {class: 'field'},
              h(
                'label',
                {for: 'f-in'},
                'Deadline, minutes from now',
                h('span', {class: 'faint'}, ' optional')
              ),
              h('input', {
                id: 'f-in',
                type: 'number',
                min: 1,
                max: 10080,
                placeholder: '60',
                on: {
                  input: (e) => {
                    common.complete_in = e.target.value;
                    idempotency = null;
                  }
                }
              })
            ),
            h(
              'div',
              {class: 'field'},
              h('label', {for: 'f-hook'}, 'Webhook', h('span', {class: 'faint'}, ' optional')),
              h('input', {
                id: 'f-hook',
                type: 'url',
                placeholder: 'https://…',
                on: {
                  input: (e) => {
                    common.webhook = e.target.value;
                    idempotency = null;
                  }
                }
              }),
              errors['webhook.url'] && h('p', {class: 'bad'}, errors['webhook.url'])
            )
          ),
          problem && h('p', {class: 'bad', role: 'alert'}, problem),
          h(
            'footer',
            {},
            h(
              'button',
              {type: 'submit', class: 'primary', disabled: busy},
              busy ? 'Sends…' : 'Put it into the queue'
            )
          )
        )
      ),
      h(
        'details',
        {class: 'raw'},
        h('summary', {}, 'The same from a shell'),
        command(curlLine(), 'Submit a job')
      )
    ];
  }

  return {title: 'New job', about: 'narrow', load, view};
}
