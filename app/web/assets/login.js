// A key for a cookie.
import {h} from './h.js';
import {post} from './api.js';
import {app} from './state.js';

export function loginScreen(search) {
  let problem = '';
  let busy = false;
  const submit = async (event) => {
    event.preventDefault();
    const field = event.target.querySelector('input');
    busy = true;
    app.draw();
    try {
      await post('login', {key: field.value.trim()});
    } catch (x) {
      problem = x.status === 401 ? 'This key is not known here.' : x.message;
      busy = false;
      app.draw();
      field.select();
      return;
    }
    // Only to a place of this page.
    const to = search.get('to') || '';
    history.replaceState(null, '', new URL(/^[a-z]*([/?][^/\\].*)?$/.test(to) ? to : '', document.baseURI));
    app.begin();
  };
  return {
    title: 'Log in',
    about: 'narrow',
    view: () =>
      h(
        'form',
        {class: 'panel login', on: {submit}},
        h('h1', {}, 'C3 Render Worker'),
        h('p', {class: 'muted'}, 'This service asks for a key. Whoever runs it has one for you.'),
        h(
          'label',
          {},
          h('span', {}, 'Key'),
          h('input', {
            type: 'password',
            required: true,
            autocomplete: 'current-password',
            hook: (x) => queueMicrotask(() => x.focus())
          })
        ),
        problem && h('p', {class: 'bad', role: 'alert'}, problem),
        h('button', {type: 'submit', class: 'primary', disabled: busy}, 'Log in')
      )
  };
}
