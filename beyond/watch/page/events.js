// The events of a run, and what each must have. What is in the file may be anyone's.

export const MOST = 10_000; // clients that are shown; more of them would keep a browser busy for minutes
const LONGEST = 60; // characters of a name
const WEIGHTS = 9; // of the model, that an event may tell

const MOST_ROUNDS = 100_000;
const MOST_NUMBER = 10 ** 9; // of a client, or clients

const number = Number.isFinite;
const whole = (most) => (value) => Number.isInteger(value) && value >= 0 && value <= most;
const round = whole(MOST_ROUNDS);
const count = whole(MOST_NUMBER);
const isNumber = (value) => value === null || value === undefined || count(value); // a client may have none
const numberOrNull = (value) => value === null || number(value);
const string = (value) => typeof value === "string";
const HERE = { name: string, client: isNumber, here: count, expected: count };
const UPDATE = { round, name: string, client: isNumber };

// What each kind of event must have, besides `what` and `seconds`.
const NEEDS = {
  __proto__: null,
  started: { clients: count, rounds: round },
  resumed: { round, clients: count, rounds: round },
  waiting: { here: count, expected: count, needed: count },
  joined: HERE,
  left: HERE,
  refused: { name: string, client: isNumber, reason: string },
  round: { round, asked: (value) => Array.isArray(value) && value.every(isNumber) },
  sent: { ...UPDATE, bytes: number },
  received: { ...UPDATE, bytes: number, took: number, images: number },
  missing: { ...UPDATE, reason: string },
  left_out: { ...UPDATE, reason: string },
  averaged: { round, clients: count },
  evaluated: { round, accuracy: numberOrNull, loss: numberOrNull }, // null: it was no number
  stopped: { reason: string },
};

// The event in a line of the record, without what nobody reads; null if it lacks something.
export function parsed(line) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  const needs = { what: string, seconds: number, ...NEEDS[event?.what] };
  if (!Object.entries(needs).every(([name, fits]) => fits(event?.[name]))) return null;
  event.at = Date.parse(event.time) || 0; // a number takes a tenth of the memory of a text
  event.time = undefined;
  if (event.name) event.name = short(event.name);
  if (!isPicture(event.weights)) event.weights = undefined;
  return event;
}

function isPicture(weights) {
  return Array.isArray(weights) && weights.length === WEIGHTS && weights.every(numberOrNull);
}

const names = new Map(); // one text for a name, however many events have it

function short(name) {
  const cut = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  if (names.size < MOST && !names.has(cut)) names.set(cut, cut);
  return names.get(cut) ?? cut;
}
