// A run in words: every sentence is computed from the state, never stored beside it.

import { answered, failures, isOver } from "./run.js";

const SILENCE = 180; // seconds; a server that waits tells nothing for as long
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export const percent = (fraction) => (fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`);
export const integer = (value) => new Intl.NumberFormat("en").format(value);
const counted = (count, noun) => `${integer(count)} ${noun}${count === 1 ? "" : "s"}`;

// Bytes with three digits that count.
export function size(bytes) {
  let power = 0;
  while (bytes / 1000 ** power >= 999.5 && power < UNITS.length - 1) power += 1;
  const style = { style: "unit", unit: UNITS[power], unitDisplay: power ? "short" : "long" };
  return new Intl.NumberFormat("en", { ...style, maximumSignificantDigits: 3 }).format(bytes / 1000 ** power);
}

// A time span: "41 s", "3 min", "8 h".
export function span(seconds) {
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const date = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
const clock = (at) => (at ? date(at).slice(11) : "");

// What the server does. Besides the events we know of it: `alive`, whether it holds the run's lock, null if
// nobody knows; `starts`, whether it has told nothing since it took that; `idle`, for how many seconds it has
// told nothing; `exported`, when the record was, in milliseconds, if the run went on then.
export function doing(run, { alive = null, starts = false, idle = 0, exported = 0 } = {}) {
  if (alive && (run.phase === "none" || (starts && isOver(run)))) return "The server is starting";
  const said = PHASES[run.phase](run);
  if (isOver(run) || run.phase === "none") return said;
  if (alive === false) return `The server has gone without a word; ${onRecord(run)}`;
  if (exported) return `${said}; as of ${date(exported)}, when this file was made`;
  return idle > SILENCE ? `${said}; nothing heard for ${span(idle)}` : said;
}

const here = (run) => `${run.here} of ${counted(run.expected, "client")} ${run.here === 1 ? "is" : "are"} here`;

const PHASES = {
  none: () => "Waiting for a run",
  started: (run) => `${run.round ? `Going on after round ${run.round}` : "Starting"}: ${here(run)}`,
  waiting: (run) => (run.here < run.needed
    ? `Waiting for clients: ${here(run)}, ${run.needed} needed` : `${here(run)}; the round begins`),
  training: (run) => (run.tells || !run.asked.length
    ? `Round ${run.round}: ${answered(run)} of ${counted(run.asked.length, "update")} are in`
    : `Round ${run.round}: ${counted(run.asked.length, "client")} ${run.asked.length === 1 ? "is" : "are"} asked`),
  averaged: (run) => (run.averaged
    ? `Round ${run.round}: ${counted(run.averaged, "update")} averaged; testing the new model`
    : `Round ${run.round}: no update could be used; the model stays as it was`),
  evaluated: (run) => (run.round ? `Round ${run.round} is finished` : "The untrained model is tested"),
  finished: (run) => `Finished: ${counted(run.curve.at(-1)?.round ?? 0, "round")}`,
  stopped: (run) => `Stopped: ${run.reason}; ${onRecord(run)}`,
};

function onRecord(run) {
  const last = run.curve.at(-1);
  return last ? `the last round on record is ${last.round}` : "no round is on record";
}

// The accuracy and whose it is; the round that runs; what failed.
export function facts(run) {
  const last = run.curve.at(-1);
  return {
    round: run.rounds === null ? (last ? String(last.round) : "–") : `${run.round} of ${run.rounds}`,
    accuracy: last ? percent(last.accuracy) : "–",
    accuracyOf: last ? `Accuracy after round ${last.round}` : "Accuracy",
    moved: `↓ ${size(run.sent)}  ↑ ${size(run.received)}`,
    failures: String(failures(run)),
  };
}

export function title(run, name) {
  const last = run.curve.at(-1);
  return last ? `Round ${last.round}: ${percent(last.accuracy)} · ${name}` : `Watch ${name}`;
}

// What a client does; `now` are the seconds of the run, `alive` is as for `doing`.
export function words(client, now, run, alive = null) {
  return [status(client, now, run, alive), trouble(client)].filter(Boolean).join("; ");
}

function status(client, now, run, alive) {
  if (client.presence === "refused") return `refused: ${client.reason}`;
  if (client.presence === "absent" && !client.part) return "not here yet";
  if (client.presence === "gone") return `gone${client.left ? ` since ${clock(client.left)}` : ""}`;
  if (isOver(run) || client.presence === "done") return `has done its part: ${share(client)}`;
  if (alive === false && client.part in UNFINISHED) return `${UNFINISHED[client.part]} when the server went`;
  return PARTS[client.part]?.(client, now) ?? "here";
}

const UNFINISHED = { "": "was here", asked: "was asked", training: "was training" };

const PARTS = {
  asked: () => "asked",
  "not asked": () => "not asked in this round",
  training: (client, now) => `trains, ${Math.max(0, now - client.since).toFixed(0)} s`,
  answered: (client) => `update is in, after ${client.took.toFixed(1)} s`,
  averaged: (client) => (client.took ? `averaged, after ${client.took.toFixed(1)} s` : "averaged"),
  missing: () => "", // its trouble says it
  "left out": () => "",
};

export function share(client) {
  const averaged = [...client.trace].filter((mark) => mark === "a").length;
  return `averaged in ${averaged} of ${counted(client.trace.length, "round")}`;
}

// Why its update is not in a round's average: what has happened last.
export function trouble(client) {
  if (!client.trouble) return "";
  const { round, what, reason } = client.trouble;
  return what === "missing" ? `no update in round ${round}: ${reason}` : `left out in round ${round}: ${reason}`;
}

// How many images a client says it has: a sum of updates, or a private run, says 1 for nobody knows.
export const images = (client) => (client.images > 1 ? counted(client.images, "image") : "");

// An event as a line of the log.
export function sentence(event) {
  return SENTENCES[event.what]?.(event) ?? event.what;
}

const among = (event) => `${event.here} of ${counted(event.expected, "client")}`;
const SENTENCES = {
  __proto__: null,
  started: (event) => `The server has started: ${counted(event.clients, "client")}, ${counted(event.rounds, "round")}`,
  resumed: (event) => `The server goes on after round ${event.round}, to round ${event.rounds}`,
  waiting: (event) => `Waiting for clients: ${event.here} of ${event.expected} are here`,
  joined: (event) => `${event.name} joined: ${among(event)}`,
  left: (event) => `${event.name} left: ${among(event)}`,
  refused: (event) => `${event.name} refused: ${event.reason}`,
  round: (event) => `Round ${event.round}: ${counted(event.asked.length, "client")} asked`,
  sent: (event) => `Round ${event.round}: ${size(event.bytes)} of weights to ${event.name}`,
  received: (event) => `Round ${event.round}: update of ${event.name}, ${[size(event.bytes), images(event),
    `${event.took.toFixed(1)} s`].filter(Boolean).join(", ")}`,
  missing: (event) => `Round ${event.round}: no update from ${event.name}; ${event.reason}`,
  left_out: (event) => `Round ${event.round}: left out the update from ${event.name}: ${event.reason}`,
  averaged: (event) => `Round ${event.round}: ${counted(event.clients, "update")} averaged`,
  evaluated: (event) => `Round ${event.round}: accuracy ${percent(event.accuracy)}, `
    + `loss ${event.loss?.toFixed(4) ?? "–"}`,
  finished: () => "The run is finished",
  stopped: (event) => `The run was stopped: ${event.reason}`,
};

export const line = (event) => `${clock(event.at)} ${sentence(event)}`.trim();

export const isPrivate = (about) => Boolean(about.settings?.target_epsilon ?? about.settings?.noise_multiplier);
// Whether a run's record keeps what one client has sent: then clients are only asked, and averaged.
export const tellsNothing = (about) => isPrivate(about) || Boolean(about.settings?.shares);
const PLAIN = ["fedavg", "fedprox"]; // strategies whose new model is the average

// What the server makes of the updates.
export function rule(about) {
  if (isPrivate(about)) return "each clipped, plus noise";
  if (about.settings?.shares) return "known only as a sum";
  const strategy = String(about.settings?.strategy ?? PLAIN[0]);
  return PLAIN.includes(strategy.toLowerCase()) ? FORMULA : `${FORMULA}, then ${strategy}`;
}

export const FORMULA = "w = Σ nₖ/n · wₖ";

// The settings of a run as one line.
export function settings(about, run) {
  const { scheme, alpha, ...others } = about.settings ?? {};
  const dealt = scheme ? [`images dealt out: ${scheme}${alpha ? ` ${alpha}` : ""}`] : [];
  const said = Object.entries(others).map(([name, value]) => `${SHORT[name] ?? name.replaceAll("_", " ")} ${value}`);
  const clients = run.expected ? [counted(run.expected, "client")] : [];
  return [...clients, ...dealt, ...said].join(" · ");
}

const SHORT = { target_epsilon: "epsilon" };
