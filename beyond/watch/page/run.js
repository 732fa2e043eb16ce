// What a run looks like after some of its events: a state. No part of this knows the page, or words.

import { MOST } from "./events.js";

const MOST_BREAKS = 1000; // the newest; a client may come and go for days
const PARTING = 5; // seconds from the first client that a stopping server hangs up on to its last word

// phase: what the server does; round: the one that runs, or the last; curve: every round on record;
// parts of clients: what each does in the round; trace: one mark for every round on record.
export function emptyRun() {
  return { phase: "none", round: 0, rounds: null, expected: 0, here: 0, needed: 0, asked: null, tells: false,
    sent: 0, received: 0, seconds: 0, curve: [], breaks: [], reason: "", weights: null,
    averaged: null, clients: new Map() };
}

export function copyOf(run) {
  return { ...run, clients: new Map(run.clients) }; // what is in it is replaced, and never changed
}

// Change `run` to the state after `event`, and return it. What it does not know changes nothing but the clock.
export function after(run, event) {
  run.seconds = event.seconds;
  CHANGES[event.what]?.(run, event);
  return run;
}

const CHANGES = {
  __proto__: null,
  started(run, event) {
    Object.assign(run, emptyRun(), { phase: "started", rounds: event.rounds, expected: event.clients });
    run.seconds = event.seconds;
    makeClients(run);
  },
  resumed(run, event) {
    Object.assign(run, { phase: "started", rounds: event.rounds, expected: event.clients, here: 0, asked: null });
    run.round = event.round;
    note(run, "resumed", "");
    for (const client of run.clients.values()) put(run, client, { presence: "absent", part: "" });
    makeClients(run);
  },
  waiting(run, event) {
    Object.assign(run, { phase: "waiting", here: event.here, needed: event.needed });
  },
  joined(run, event) {
    const before = find(run, event);
    if (before.presence === "gone") note(run, "back", event.name);
    run.here = event.here;
    put(run, before, { name: event.name, presence: "here", part: "" });
  },
  left(run, event) {
    run.here = event.here;
    const isLast = run.curve.at(-1)?.round === run.rounds; // who leaves after that has not been lost
    if (!isLast) note(run, "gone", event.name);
    put(run, find(run, event), { name: event.name, presence: isLast ? "done" : "gone", left: event.at, leftAt: event.seconds });
  },
  refused(run, event) {
    const client = run.clients.get(event.client); // a twin has the number of one that takes part
    if (client?.presence === "absent") put(run, client, { presence: "refused", reason: event.reason });
  },
  round(run, event) {
    const asked = new Set(event.asked);
    Object.assign(run, { phase: "training", round: event.round, asked: event.asked, tells: false, averaged: null });
    if (event.weights) run.weights = event.weights;
    for (const client of run.clients.values()) {
      const part = asked.has(client.number) ? "asked" : "not asked";
      put(run, client, { part, weights: null, took: 0 });
    }
  },
  sent(run, event) {
    run.sent += event.bytes;
    run.tells = true; // a private run does not
    put(run, find(run, event), { name: event.name, part: "training", since: event.seconds, bytes: event.bytes });
  },
  received(run, event) {
    run.received += event.bytes;
    const { name, bytes, took, images, weights } = event;
    put(run, find(run, event), { name, part: "answered", bytes, took, images, weights: weights ?? null });
  },
  missing(run, event) {
    const trouble = { round: event.round, what: "missing", reason: event.reason };
    put(run, find(run, event), { name: event.name, part: "missing", trouble });
  },
  left_out(run, event) {
    const trouble = { round: event.round, what: "left out", reason: event.reason };
    put(run, find(run, event), { name: event.name, part: "left out", trouble });
  },
  averaged(run, event) {
    Object.assign(run, { phase: "averaged", averaged: event.clients });
    const counts = run.tells ? ["answered"] : ["asked"];
    if (event.clients) {
      if (event.weights) run.weights = event.weights;
      for (const client of run.clients.values()) {
        if (counts.includes(client.part)) put(run, client, { part: "averaged" });
      }
    }
  },
  evaluated(run, event) {
    const { round, accuracy, loss, failures, took } = event;
    Object.assign(run, { phase: "evaluated", round });
    if (!run.tells) { // a private run's bytes are in its history only
      run.sent += event.bytes_sent ?? 0;
      run.received += event.bytes_received ?? 0;
    }
    const isNext = !(run.curve.at(-1)?.round >= round);
    const before = isNext ? run.curve : run.curve.filter((point) => point.round < round);
    run.curve = before.concat({ round, accuracy, loss, failures, took });
    if (!round) return;
    for (const client of run.clients.values()) {
      const isWhole = client.trace.length === round - 1; // to cut it takes its length, in every round again
      const trace = isWhole ? client.trace : client.trace.padEnd(round - 1, MARKS["not asked"]).slice(0, round - 1);
      put(run, client, { trace: trace + (MARKS[client.part] ?? MARKS["not asked"]) });
    }
  },
  finished(run) {
    run.phase = "finished";
  },
  stopped(run, event) {
    Object.assign(run, { phase: "stopped", reason: event.reason });
    // Who left just before did so because the server stopped, and has not been lost.
    const isLost = (seconds) => event.seconds - seconds > PARTING;
    run.breaks = run.breaks.filter(({ what, seconds }) => what !== "gone" || isLost(seconds));
    for (const client of run.clients.values()) {
      if (client.presence === "gone" && !isLost(client.leftAt)) put(run, client, { presence: "done" });
    }
  },
};

// One for every round on record, in a client's trace.
export const MARKS = { averaged: "a", answered: "n", "left out": "x", missing: "m", training: "m", asked: "m",
  "not asked": "-" };

export const isOver = (run) => run.phase === "finished" || run.phase === "stopped";

// How many of the clients that were asked have sent an update in this round.
export function answered(run) {
  const parts = ["answered", "averaged", "left out"];
  return [...run.clients.values()].filter((client) => parts.includes(client.part)).length;
}

// How many were asked and sent nothing, or nothing sound: as history.csv counts them, and in the round that runs.
export function failures(run) {
  const isOnRecord = isOver(run) || run.curve.at(-1)?.round === run.round;
  const parts = isOnRecord ? [] : [...run.clients.values()].map((client) => client.part);
  const now = parts.filter((part) => part === "missing" || part === "left out").length;
  return run.curve.reduce((sum, point) => sum + (point.failures ?? 0), now);
}

// The clients whose updates the newest average is made of.
export const inAverage = (run) => [...run.clients.values()].filter((client) => client.part === "averaged");

// What has happened after the last round on record.
function note(run, what, who) {
  run.breaks = [...run.breaks.slice(1 - MOST_BREAKS), { round: run.curve.at(-1)?.round ?? 0, what, who, seconds: run.seconds }];
}

function makeClients(run) {
  for (let number = 0; number < Math.min(run.expected, MOST); number += 1) {
    if (!run.clients.has(number)) run.clients.set(number, newClient(number, `Client ${number}`));
  }
}

function newClient(number, name) {
  return { key: number ?? name, number, name, presence: "absent", part: "", reason: "", trace: "", trouble: null,
    since: 0, left: 0, leftAt: 0, bytes: 0, images: 0, took: 0, weights: null };
}

function find(run, event) {
  return run.clients.get(event.client ?? event.name) ?? newClient(event.client, event.name);
}

function put(run, client, changes) {
  if (!run.clients.has(client.key) && run.clients.size >= MOST) return;
  run.clients.set(client.key, { ...client, ...changes });
}
