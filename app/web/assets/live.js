// Keeps the page fresh: events by a stream, else by asking again and again; and
// not at all while nobody looks.

// A snapshot is asked for this long after an event (ms), so that a burst costs
// one; and at most once in `apart`.
const gather = 250;
const apart = 1000;
// A snapshot may be a second old: the last change of a burst is in the next one.
const settled = 1200;
const pollEvery = 5000;
const backOff = [1000, 2000, 5000, 10000, 30000];

// `refresh` returns a promise; `told` is called when `state` has changed;
// `held` says whether something is open that must not change; `next` how long
// (ms) a snapshot may be kept when no event comes.
export class Live {
  constructor({refresh, told, held, next}) {
    Object.assign(this, {refresh, told, held, next});
    this.state = 'connecting';
    this.failures = 0;
    this.last = 0;
    this.due = false;
    this.stopped = true;
    document.addEventListener('visibilitychange', () => {
      if (this.stopped) return;
      if (document.hidden) this.rest();
      else this.wake();
    });
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    if (!document.hidden) this.wake();
  }

  stop() {
    this.stopped = true;
    this.rest();
  }

  // A browser has few connections for one origin: a page that is not seen gives
  // its stream back.
  rest() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    this.timer = null;
    clearTimeout(this.again);
    this.tell('paused');
  }

  wake() {
    this.connect();
    this.soon(0);
  }

  tell(state) {
    if (this.state === state) return;
    this.state = state;
    this.told();
  }

  connect() {
    clearTimeout(this.again);
    this.source?.close();
    const source = new EventSource('v1/fleet/events');
    this.source = source;
    source.addEventListener('open', () => {
      this.failures = 0;
      this.tell('live');
      this.soon(gather);
    });
    const changed = () => {
      this.unsettled = true;
      this.soon(gather);
    };
    source.addEventListener('change', changed);
    source.addEventListener('reset', changed);
    source.addEventListener('error', () => {
      source.close();
      if (this.source !== source) return;
      this.source = null;
      this.tell('polling');
      this.soon(gather);
      const wait = backOff[Math.min(this.failures++, backOff.length - 1)];
      this.again = setTimeout(() => this.connect(), wait);
    });
  }

  // A snapshot in `ms`, or sooner if one is due sooner.
  soon(ms) {
    if (this.stopped || document.hidden) return;
    const at = Math.max(Date.now() + ms, this.last + apart);
    if (this.busy) {
      this.due = true;
      return;
    }
    if (this.timer && this.at <= at) return;
    clearTimeout(this.timer);
    this.at = at;
    this.timer = setTimeout(() => this.look(), at - Date.now());
  }

  async look() {
    this.timer = null;
    if (this.held()) {
      this.soon(apart);
      return;
    }
    this.busy = true;
    this.due = false;
    const unsettled = this.unsettled;
    this.unsettled = false;
    this.last = Date.now();
    try {
      await this.refresh();
    } finally {
      this.busy = false;
      const idle = this.state === 'live' ? this.next() : Math.min(pollEvery, this.next());
      this.soon(this.due ? gather : unsettled ? settled : idle);
    }
  }
}
