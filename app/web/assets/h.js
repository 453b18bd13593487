// Pages as plain data, and the least change that brings the document there.
// Text becomes text nodes and nothing else; a tag, an attribute or an address
// that is not known here is refused. So data cannot become markup.

const tags = new Set(
  (
    'a abbr article aside audio b bdi button code dd details ' +
    'dialog div dl dt em footer form h1 h2 h3 header i img input kbd label legend ' +
    'li main nav ol option output p pre progress section select small span ' +
    'strong summary table tbody td textarea th thead time tr ul video fieldset ' +
    'svg g path rect line circle title'
  ).split(' ')
);
const names = new Set(
  (
    'class id href src type name value title role for alt ' +
    'placeholder disabled checked selected hidden tabindex rows min max step ' +
    'required maxlength autocomplete spellcheck multiple accept download ' +
    'target rel controls preload dir lang colspan scope datetime enterkeyhint ' +
    'inputmode width height viewBox preserveAspectRatio d x y x1 y1 x2 y2 cx cy ' +
    'r rx vector-effect pattern open'
  ).split(' ')
);
const properties = new Set(['value', 'checked', 'selected', 'disabled']);
const svgSpace = 'http://www.w3.org/2000/svg';

// h('p', {class: 'x', on: {click: f}, css: {'--w': '4%'}, key: 1}, 'text', h(...))
export function h(tag, attributes, ...children) {
  if (!tags.has(tag)) throw new Error(`no such tag here: ${tag}`);
  const flat = children
    .flat(Infinity)
    .filter((x) => x !== null && x !== undefined && x !== false && x !== '');
  return {tag, attributes: attributes || {}, children: flat};
}

// Addresses of this service, of blobs that this page made, and, as links only,
// http and https. Anything else ("javascript:", "data:") becomes "#".
export function safeUrl(text, link = true) {
  let url;
  try {
    url = new URL(text, document.baseURI);
  } catch {
    return '#';
  }
  const here = url.origin === location.origin;
  const web = url.protocol === 'https:' || url.protocol === 'http:';
  return (web && (here || link)) || (url.protocol === 'blob:' && here) ? url.href : '#';
}

function known(name) {
  return names.has(name) || /^(aria|data)-[a-z-]+$/.test(name);
}

function setAttribute(node, name, value) {
  if (!known(name)) throw new Error(`no such attribute here: ${name}`);
  if (name === 'href' || name === 'src') value = safeUrl(value, name === 'href');
  if (properties.has(name) && name in node) {
    if (node[name] !== value) node[name] = value;
  } else if (value === false || value === null || value === undefined) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

function apply(node, was, is) {
  for (const name in was)
    if (!(name in is) && known(name)) setAttribute(node, name, properties.has(name) ? '' : null);
  for (const name in is) {
    const value = is[name];
    if (name === 'key' || name === 'hook') continue;
    if (name === 'on') node.handlers = value;
    else if (name === 'css') for (const x in value) node.style.setProperty(x, value[x]);
    // What somebody types or ticks is theirs, until the page wants another value.
    else if (value !== was[name] || name === 'checked') setAttribute(node, name, value);
  }
  for (const kind in is.on || {}) {
    if (node.heard?.has(kind)) continue;
    (node.heard ||= new Set()).add(kind);
    node.addEventListener(kind, (event) => node.handlers[kind]?.(event));
  }
}

function make(item, svg) {
  if (typeof item !== 'object') return document.createTextNode(String(item));
  const inSvg = svg || item.tag === 'svg';
  const node = inSvg ? document.createElementNS(svgSpace, item.tag) : document.createElement(item.tag);
  // The value of a select is one of its options.
  patch(node, item.children, inSvg);
  apply(node, {}, item.attributes);
  node.made = item;
  item.attributes.hook?.(node);
  return node;
}

function fits(node, item) {
  if (typeof item !== 'object') return node.nodeType === Node.TEXT_NODE;
  return node.made && node.made.tag === item.tag && node.made.attributes.key === item.attributes.key;
}

// Makes `parent` have exactly these children, and keeps the nodes that fit: what
// plays goes on, what has the focus keeps it, nothing jumps.
export function patch(parent, items, svg = false) {
  const keyed = new Map();
  for (const x of parent.childNodes)
    if (x.made?.attributes.key !== undefined) keyed.set(x.made.attributes.key, x);
  let at = parent.firstChild;
  for (const item of items) {
    const key = item.attributes?.key;
    let node = key === undefined ? at : keyed.get(key);
    if (node && !fits(node, item)) node = null;
    if (!node) {
      parent.insertBefore(make(item, svg), at);
      continue;
    }
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
    if (typeof item !== 'object') {
      if (node.data !== String(item)) node.data = String(item);
      continue;
    }
    const was = node.made;
    node.made = item;
    patch(node, item.children, svg || item.tag === 'svg');
    apply(node, was.attributes, item.attributes);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
