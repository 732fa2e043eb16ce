// What those who cannot see the picture are told: what changes the outcome, each once, however fast it goes.

import { isOver } from "./run.js";
import { doing, percent, trouble } from "./words.js";

const QUIET = 2500; // milliseconds between two texts that a screen reader reads
const MOST = 3; // sentences of a kind; of more of them, only their number is said
const MANY = { trouble: "updates are not in", gone: "clients are gone", back: "clients are back" };

export class Aloud {
  constructor() {
    this.waiting = []; // [{kind, said}]: what has not been said yet
    this.spoken = -Infinity; // when something was said
    this.left = -Infinity; // when the first of the clients left that are to be told as gone
    this.isGone = false; // whether the server went without a word, and that is told
  }

  // The moment has changed at once: say how it stands, and nothing of what was before.
  jump(run) {
    const said = standing(run);
    this.waiting = said ? [{ kind: "standing", said }] : [];
  }

  // `event` has led from the state before it to `run`.
  take(event, run, time = performance.now()) {
    const outcome = OUTCOMES[event.what]?.(event, run);
    if (!outcome) return;
    if (outcome.kind === "round") this.drop("round"); // an older one
    if (event.what === "stopped") this.drop("gone"); // that is why they left
    if (outcome.kind === "gone" && !this.waiting.some((one) => one.kind === "gone")) this.left = time;
    this.waiting.push(outcome);
  }

  // The reader has gone one event on or back, by hand: that is told at once, whatever it is.
  step(said) {
    this.waiting = [{ kind: "step", said }];
    this.spoken = this.left = -Infinity;
  }

  drop(kind) {
    this.waiting = this.waiting.filter((one) => one.kind !== kind);
  }

  // What is known of the server now, as for `doing`.
  look(run, known) {
    const isGone = known.alive === false && !isOver(run) && run.phase !== "none";
    if (isGone && !this.isGone) this.waiting.push({ kind: "server", said: doing(run, known) });
    this.isGone = isGone;
  }

  // The text that is to be read at `time`, "" if there is none.
  next(time) {
    // Clients that leave may do so because the server stops; that is told a moment later.
    if (!this.waiting.length || time - Math.max(this.spoken, this.left) < QUIET) return "";
    const said = together(this.waiting);
    this.waiting = [];
    this.spoken = time;
    return said;
  }
}

// `told`, [{kind, said}], as one text, each kind where it comes first.
function together(told) {
  const kinds = new Map(told.map(({ kind }) => [kind, []]));
  for (const { kind, said } of told) kinds.get(kind).push(said);
  return [...kinds].map(([kind, all]) => (
    all.length > MOST && MANY[kind] ? `${all.length} ${MANY[kind]}` : all.join(", "))).join(". ");
}

const troubled = (event, run) => {
  const client = run.clients.get(event.client ?? event.name); // of too many clients, not all are kept
  return client ? { kind: "trouble", said: inTrouble(client) } : null;
};
const inTrouble = (client) => `${client.name} ${trouble(client)}`;
const result = ({ round, accuracy }) => `Round ${round}: accuracy ${percent(accuracy)}`;
const newest = (run, event, what) => { // whether the event has made such a break of the run
  const last = run.breaks.at(-1);
  return last?.what === what && last.who === event.name && last.seconds === event.seconds;
};

const OUTCOMES = {
  __proto__: null,
  evaluated: (event) => (event.round ? { kind: "round", said: result(event) } : null),
  left_out: troubled,
  missing: troubled,
  left: (event, run) => (newest(run, event, "gone") ? { kind: "gone", said: `${event.name} is gone` } : null),
  joined: (event, run) => (newest(run, event, "back") ? { kind: "back", said: `${event.name} is back` } : null),
  resumed: (event) => ({ kind: "server", said: `The server goes on after round ${event.round}` }),
  finished: (_, run) => ({ kind: "server", said: doing(run) }),
  stopped: (_, run) => ({ kind: "server", said: doing(run) }),
};

// How a run stands: the newest accuracy, what is not in, who is gone, and whether it is over.
export function standing(run) {
  const clients = [...run.clients.values()];
  const last = run.curve.at(-1);
  const troubles = clients.filter((client) => client.trouble?.round === run.round).map(inTrouble);
  const gone = isOver(run) ? [] : clients.filter((client) => client.presence === "gone");
  return together([
    ...(last?.round ? [{ kind: "round", said: result(last) }] : []),
    ...troubles.map((said) => ({ kind: "trouble", said })),
    ...gone.map(({ name }) => ({ kind: "gone", said: `${name} is gone` })),
    ...(isOver(run) ? [{ kind: "server", said: doing(run) }] : []),
  ]);
}
