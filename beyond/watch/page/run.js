// What a run looks like after some of its events: a state, and sentences. No part of this knows the page.

const NO_RUN = { doing: "Waiting for a run", over: false, round: null, rounds: null, expected: 0, here: 0,
  asked: [], answered: 0, sent: 0, received: 0, seconds: 0, curve: [] };

const MOST = 10_000; // cards; more of them would keep a browser busy for minutes

const number = Number.isFinite;
const numberOrNull = (value) => value === null || number(value);
const string = (value) => typeof value === "string";
const HERE = { name: string, here: number, expected: number };
const UPDATE = { round: number, name: string };

// What each kind of event must have, besides `what` and `seconds`.
const NEEDS = {
  __proto__: null,
  started: { clients: number, rounds: number },
  resumed: { round: number, clients: number, rounds: number },
  waiting: { here: number, expected: number, needed: number },
  joined: HERE,
  left: HERE,
  refused: { name: string, reason: string },
  round: { round: number, asked: Array.isArray },
  sent: { ...UPDATE, bytes: number },
  received: { ...UPDATE, bytes: number, took: number, images: number },
  missing: { ...UPDATE, reason: string },
  left_out: { ...UPDATE, reason: string },
  averaged: { round: number, clients: number },
  evaluated: { round: number, accuracy: numberOrNull, loss: numberOrNull }, // null: it was no number
  stopped: { reason: string },
};

// Whether `event` has all that it must have: the rest of this file takes that for granted.
export function isWhole(event) {
  const needs = { what: string, seconds: number, ...NEEDS[event?.what] };
  return Object.entries(needs).every(([name, fits]) => fits(event?.[name]));
}

export function emptyRun() {
  return { ...structuredClone(NO_RUN), clients: new Map() };
}

// The state after `event`, a whole one. Changes and returns `run`; what it does not know changes nothing but the clock.
export function after(run, event) {
  run.seconds = event.seconds;
  const change = CHANGES[event.what];
  if (change) change(run, event);
  return run;
}

const CHANGES = {
  __proto__: null,
  started(run, event) {
    Object.assign(run, emptyRun(), { rounds: event.rounds, expected: event.clients, doing: "Starting" });
    makeClients(run);
  },
  resumed(run, event) {
    Object.assign(run, { rounds: event.rounds, expected: event.clients, here: 0, over: false, asked: [] });
    run.doing = `Going on after round ${event.round}`;
    run.round = event.round;
    run.clients.clear();
    makeClients(run);
  },
  waiting(run, event) {
    run.here = event.here;
    run.doing = `Waiting for clients: ${event.here} of ${event.expected} are here, ${event.needed} needed`;
  },
  joined(run, event) {
    run.here = event.here;
    put(run, event, { status: "here" });
  },
  left(run, event) {
    run.here = event.here;
    const isLast = run.curve.at(-1)?.round === run.rounds; // who leaves after that has not been lost
    put(run, event, { status: isLast ? "done" : "gone" });
  },
  refused(run, event) {
    const client = find(run, event);
    if (client.status === "absent") put(run, event, { status: "refused", reason: event.reason });
  },
  round(run, event) {
    Object.assign(run, { round: event.round, asked: event.asked, answered: 0 });
    run.doing = `Round ${event.round}: sending weights, waiting for updates`;
    for (const client of run.clients.values()) {
      if (["here", "answered", "late", "left out"].includes(client.status)) client.status = "here";
      client.reason = "";
    }
  },
  sent(run, event) {
    run.sent += event.bytes;
    const status = find(run, event).status === "gone" ? "gone" : "training"; // it may just have left
    put(run, event, { status, since: event.seconds, bytes: event.bytes });
  },
  received(run, event) {
    run.received += event.bytes;
    run.answered += 1;
    const { bytes, took, images } = event;
    put(run, event, { status: "answered", bytes, took, images });
  },
  missing(run, event) {
    const client = find(run, event);
    const status = client.status === "gone" ? "gone" : "late";
    put(run, event, { status, reason: event.reason });
  },
  left_out(run, event) {
    put(run, event, { status: "left out", reason: event.reason });
  },
  averaged(run, event) {
    run.doing = `Round ${event.round}: ${event.clients} updates averaged, testing the global model`;
  },
  evaluated(run, event) {
    run.round = event.round;
    run.curve = run.curve.filter((point) => point.round < event.round);
    run.curve.push({ round: event.round, accuracy: event.accuracy });
    run.doing = `Round ${event.round} is finished: accuracy ${percent(event.accuracy)}`;
  },
  finished(run) {
    Object.assign(run, { doing: "Finished", over: true });
  },
  stopped(run, event) {
    Object.assign(run, { doing: `Stopped: ${event.reason}`, over: true });
  },
};

function makeClients(run) {
  for (let number = 0; number < Math.min(run.expected, MOST); number += 1) {
    run.clients.set(number, { number, name: `Client ${number}`, status: "absent", reason: "" });
  }
}

function key(event) {
  return event.client ?? event.name;
}

function find(run, event) {
  const unknown = { number: event.client, name: event.name, status: "absent", reason: "" };
  return run.clients.get(key(event)) ?? unknown;
}

function put(run, event, changes) {
  const client = find(run, event);
  run.clients.set(key(event), { ...client, name: event.name ?? client.name, ...changes });
}

export function percent(fraction) {
  return fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

// What a client does, in words; `now` are the seconds of the run.
export function words(client, now) {
  switch (client.status) {
    case "absent": return "not here yet";
    case "here": return "waits for its turn";
    case "done": return "has done its part";
    case "training": return `trains, ${Math.max(0, now - client.since).toFixed(0)} s`;
    case "answered": return `answered, ${client.took.toFixed(1)} s`;
    case "late": return `no update in time: ${client.reason}`;
    case "left out": return `left out: ${client.reason}`;
    case "refused": return `refused: ${client.reason}`;
    default: return "gone";
  }
}

// One line about the round, for those who cannot see the picture, too.
export function progress(run) {
  if (run.round === null) return "";
  if (run.over) return `After round ${run.round} of ${run.rounds}`;
  if (!run.asked.length) return `${run.here} of ${run.expected} clients are here`;
  return `Round ${run.round}: ${run.answered} of ${run.asked.length} updates are in`;
}

// An event as a line of the log.
export function sentence(event) {
  const who = event.name;
  switch (event.what) {
    case "started": return `The server has started: ${event.clients} clients, ${event.rounds} rounds`;
    case "resumed": return `The server goes on after round ${event.round}`;
    case "waiting": return `Waiting for clients: ${event.here} of ${event.expected} are here`;
    case "joined": return `${who} joined: ${event.here} of ${event.expected} clients`;
    case "left": return `${who} left: ${event.here} of ${event.expected} clients`;
    case "refused": return `${who} refused: ${event.reason}`;
    case "round": return `Round ${event.round}: ${event.asked.length} clients are asked`;
    case "sent": return `Round ${event.round}: ${size(event.bytes)} of weights to ${who}`;
    case "received": return `Round ${event.round}: update of ${who}, ${size(event.bytes)}, `
      + `${event.images} images, ${event.took.toFixed(1)} s`;
    case "missing": return `Round ${event.round}: no update from ${who}; ${event.reason}`;
    case "left_out": return `Round ${event.round}: left out the update from ${who}: ${event.reason}`;
    case "averaged": return `Round ${event.round}: ${event.clients} updates averaged`;
    case "evaluated": return `Round ${event.round}: accuracy ${percent(event.accuracy)}, `
      + `loss ${event.loss?.toFixed(4) ?? "–"}`;
    case "finished": return "The run is finished";
    case "stopped": return `The run was stopped: ${event.reason}`;
    default: return event.what;
  }
}
