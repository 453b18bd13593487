// What all screens share.
export const app = {
  me: null,
  fleet: null,
  // Why the fleet is not known as of now, if so.
  trouble: null,
  // A screen has changed what it holds: draw it.
  draw: () => {},
  // Something was done: ask for a snapshot.
  look: () => {},
  go: () => {}
};
