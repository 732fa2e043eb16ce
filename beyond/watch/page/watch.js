// The page: it takes events from the stream, and shows the run after all of them, or after some.

import { after, emptyRun, isWhole, percent, progress, sentence, size, words } from "./run.js";

const LINES = 12; // of the log
const IMAGES = "#glyph-images"; // a drawing, the same for all: what a client owns, the server does not know
const SMALL = 20; // with more clients than this their cards are small
const SILENCE = 180; // seconds; a server that was killed tells nothing, neither does one that waits
const at = (id) => document.getElementById(id);

let events = [];
let damaged = 0;
let news = ""; // while there is no event: what the stream says of that
let shown = 0; // how many of the events the page shows
let run = emptyRun();
let follows = true; // the latest event
let player = null;
let drawn = false; // whether a drawing is on its way
let shownAt = 0; // when the latest event was replayed, by our clock

function listen() {
  const stream = new EventSource("events");
  stream.addEventListener("begin", () => restart(""));
  stream.addEventListener("absent", (message) => restart(`Waiting for ${message.data}: no such run yet`));
  stream.addEventListener("line", (message) => take(message.data));
  stream.addEventListener("open", () => connected(true));
  stream.addEventListener("error", () => {
    connected(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000); // the browser has given up
  });
}

function connected(is) {
  text("connection", is ? "" : "The page has lost python -m beyond.watch, and looks for it");
}

function restart(why) {
  news = why;
  events = [];
  damaged = 0;
  follows = true;
  stop();
  show(0);
}

function take(line) {
  const event = parsed(line);
  if (event) events.push(event);
  else damaged += 1;
  drawSoon();
}

function parsed(line) {
  try {
    const event = JSON.parse(line);
    return isWhole(event) ? event : null;
  } catch {
    return null;
  }
}

// Show the run after `count` events.
function show(count) {
  if (count < shown) {
    run = emptyRun();
    shown = 0;
  }
  for (; shown < count; shown += 1) after(run, events[shown]);
  drawSoon();
}

function drawSoon() {
  if (drawn) return;
  drawn = true;
  setTimeout(draw, 50);
}

function draw() {
  drawn = false;
  if (follows) for (; shown < events.length; shown += 1) after(run, events[shown]);
  drawServer();
  drawClients();
  drawCurve();
  drawLog();
  drawReplay();
}

// The seconds of the run: between two events time goes on, live, unless it is silent, and when it plays.
function now() {
  if (player) return run.seconds + (speed() * (performance.now() - shownAt)) / 1000;
  return run.seconds + Math.min(silence(), SILENCE);
}

// The seconds since the latest event of a run that goes on, by the clock; 0 in a replay.
function silence() {
  const lives = follows && !run.over && shown && shown === events.length;
  const seconds = lives ? (Date.now() - Date.parse(events.at(-1).time)) / 1000 : 0;
  return seconds > 0 ? seconds : 0; // nor if it has no time
}

function doing() {
  if (!shown && news) return news;
  return silence() > SILENCE ? `${run.doing}; nothing heard for ${Math.floor(silence() / 60)} minutes` : run.doing;
}

function speed() {
  return Number(document.querySelector("input[name=speed]:checked").value);
}

function drawServer() {
  text("doing", doing());
  text("progress", progress(run));
  text("round", run.round === null ? "–" : `${run.round} of ${run.rounds}`);
  const last = run.curve.at(-1);
  text("accuracy", last ? percent(last.accuracy) : "–");
  text("sent", size(run.sent));
  text("received", size(run.received));
  text("seconds", now().toFixed(0));
}

// Set a text, and only if it is another one: a live region reads every change aloud.
function text(id, value) {
  const element = typeof id === "string" ? at(id) : id;
  if (element.textContent !== value) element.textContent = value;
}

function drawClients() {
  const list = at("clients");
  list.classList.toggle("small", run.clients.size > SMALL);
  const clients = [...run.clients.values()];
  while (list.children.length > clients.length) list.lastChild.remove();
  while (list.children.length < clients.length) list.append(card());
  clients.forEach((client, index) => drawCard(list.children[index], client));
}

function card() {
  const element = document.createElement("li");
  const pictures = ["pile", "moving"].map((name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", name);
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
    return svg;
  });
  const lines = ["name", "status", "flow"].map((name) => {
    const line = document.createElement(name === "name" ? "h3" : "p");
    line.className = name;
    return line;
  });
  element.append(...pictures, ...lines);
  return element;
}

function drawCard(element, client) {
  const [pile, moving, name, status, flow] = element.children;
  if (element.dataset.status !== client.status) element.dataset.status = client.status;
  pile.firstChild.setAttribute("href", IMAGES);
  moving.firstChild.setAttribute("href", `#glyph-${GLYPHS[client.status] ?? "person"}`);
  text(name, client.name);
  text(status, words(client, now()));
  text(flow, FLOWS[client.status]?.(client) ?? "");
}

const GLYPHS = { training: "weights", answered: "check", done: "check", late: "warning", "left out": "warning",
  refused: "warning", gone: "warning" };
const FLOWS = {
  training: (client) => `↓ ${size(client.bytes)}`,
  answered: (client) => `↑ ${size(client.bytes)}`,
};

function drawCurve() {
  const svg = at("curve");
  const last = run.curve.at(-1);
  const label = last
    ? `Accuracy by round: ${run.curve.map((point) => `round ${point.round} ${percent(point.accuracy)}`).join(", ")}`
    : "Accuracy by round: nothing yet";
  if (svg.getAttribute("aria-label") === label && svg.childNodes.length) return;
  svg.setAttribute("aria-label", label);
  const rounds = Math.max(run.rounds ?? 1, last?.round ?? 1, 1);
  const points = run.curve.filter((point) => point.accuracy !== null);
  const places = points.map(({ round, accuracy }) => [36 + (256 * round) / rounds, 104 - 96 * accuracy]);
  svg.replaceChildren(
    ...[0, 0.5, 1].flatMap((level) => [
      shape("path", { d: `M36 ${104 - 96 * level}H292`, class: "grid" }),
      shape("text", { x: 32, y: 108 - 96 * level, class: "level" }, `${100 * level} %`),
    ]),
    shape("text", { x: 36, y: 118, class: "end" }, "0"),
    shape("text", { x: 292, y: 118, class: "level" }, String(rounds)),
    shape("polyline", { points: places.map((place) => place.join(",")).join(" "), class: "line" }),
    ...places.map(([x, y]) => shape("circle", { cx: x, cy: y, r: places.length > 40 ? 1 : 2.5, class: "point" })),
  );
}

function shape(name, attributes, content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (content) element.textContent = content;
  return element;
}

function drawLog() {
  const lines = events.slice(Math.max(0, shown - LINES), shown);
  const log = at("log");
  while (log.children.length > lines.length) log.lastChild.remove();
  while (log.children.length < lines.length) log.append(document.createElement("li"));
  lines.forEach((event, index) => text(log.children[index], line(event)));
  text("damaged", damaged ? `Damaged lines of events.jsonl, left out: ${damaged}` : "");
}

function line(event) {
  return `${String(event.time ?? "").slice(11, 19)} ${sentence(event)}`;
}

function drawReplay() {
  const position = at("position");
  position.max = events.length;
  position.value = shown;
  position.setAttribute("aria-valuetext", `event ${shown} of ${events.length}, ${run.seconds.toFixed(1)} s`);
  at("live").setAttribute("aria-pressed", String(follows));
  text("play", player ? "Pause" : "Play");
  at("play").disabled = events.length === 0;
  at("back").disabled = shown === 0;
  at("forward").disabled = shown === events.length;
}

function go(count) {
  follows = false;
  show(Math.min(Math.max(count, 0), events.length));
}

function play() {
  if (player) return stop();
  if (shown === events.length) go(0);
  follows = false;
  playNext();
}

// One event after the other, as far apart as they were, by the chosen speed.
function playNext() {
  if (shown === events.length) return stop();
  const before = events[shown - 1]?.seconds ?? events[shown].seconds;
  const pause = Math.max(0, events[shown].seconds - before) / speed();
  shownAt = performance.now();
  player = setTimeout(() => {
    go(shown + 1);
    playNext();
  }, 1000 * pause);
}

function stop() {
  clearTimeout(player);
  player = null;
  drawSoon();
}

function by(hand) {
  return () => {
    stop();
    hand();
  };
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  text("theme", theme === "dark" ? "Light" : "Dark");
  try {
    localStorage.setItem("theme", theme);
  } catch { // the browser lets no page remember anything
  }
}

function rememberedTheme() {
  try {
    return localStorage.getItem("theme");
  } catch { // nor read it
    return null;
  }
}

function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function hurry() {
  if (!player) return;
  clearTimeout(player);
  playNext();
}

listen();
at("play").addEventListener("click", play);
for (const radio of document.querySelectorAll("input[name=speed]")) radio.addEventListener("change", hurry);
at("back").addEventListener("click", by(() => go(shown - 1)));
at("forward").addEventListener("click", by(() => go(shown + 1)));
at("position").addEventListener("input", by(() => go(Number(at("position").value))));
at("live").addEventListener("click", by(() => {
  follows = true;
  drawSoon();
}));
at("theme").addEventListener("click", () => setTheme(currentTheme() === "dark" ? "light" : "dark"));
if (rememberedTheme()) setTheme(rememberedTheme());
text("theme", currentTheme() === "dark" ? "Light" : "Dark");
setInterval(() => (player || !run.over) && drawSoon(), 250); // seconds go on
