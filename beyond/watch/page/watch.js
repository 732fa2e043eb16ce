// The page: it takes records, shows the moment that is wanted of them, and does what its buttons say.

import { Aloud } from "./aloud.js";
import { Curve } from "./curve.js";
import { Player } from "./replay.js";
import { follow, recordsInside } from "./sources.js";
import { View } from "./view.js";
import { line, title } from "./words.js";

const LINES = 40; // of the log
const NEAR = 200; // events; what happened before that is not played again
const at = (id) => document.getElementById(id);

let views = []; // one for each run; the first one leads
let player = null;
let follows = true; // the latest event
let colors = {};
let isDrawn = false;
const aloud = new Aloud();
const curve = new Curve(at("curve"), (said) => text("point", said));

// Set a text, and only if it is another one.
function text(id, value) {
  if (at(id).textContent !== value) at(id).textContent = value;
}

function told({ records, connection, progress }) {
  if (connection !== undefined) text("connection", connection);
  at("progress").hidden = !(progress < 1);
  if (progress !== undefined) at("progress").value = progress;
  if (!records?.length) return;
  if (views.length !== records.length) begin(records);
  if (records[0].generation !== views.generation) {
    views.generation = records[0].generation;
    follows = true;
    show(Infinity, true);
    goTo(location.hash);
  }
  if (follows) show(Infinity);
  drawSoon();
}

function begin(records) {
  views = records.map((record) => new View(record, at("run"), at("runs"), drawSoon));
  at("runs").classList.toggle("two", views.length > 1);
  player = new Player(records[0], { step: (count) => show(count), ended: latest, told: (passed) => text("passed", passed) });
  player.speed = speed();
}

// Show the leading run after `count` events, and every other one at the same place of the same round.
// What has happened since the moment before moves, unless this is a jump.
function show(count, isJump = false) {
  const lead = views[0].record;
  const goal = Math.min(count, lead.events.length);
  const isNear = !isJump && goal >= lead.shown && goal - lead.shown < NEAR;
  if (isNear) goOn(views[0], goal);
  views[0].show(goal, isNear);
  if (!isNear) aloud.jump(lead.run);
  for (const view of views.slice(1)) {
    const own = follows && goal === lead.events.length ? view.record.events.length : view.record.countAt(lead.place(goal));
    view.show(own, isNear && own >= view.record.shown && own - view.record.shown < NEAR);
  }
  drawSoon();
}

function goOn(view, goal) {
  const { record } = view;
  while (record.shown < goal) {
    view.show(record.shown + 1, true);
    aloud.take(record.events[record.shown - 1], record.run);
  }
}

function latest() {
  follows = true;
  show(Infinity);
}

function goTo(hash) {
  const count = views[0]?.record.moment(hash) ?? null;
  if (count === null) return;
  follows = false;
  show(count, true);
}

function drawSoon() {
  if (isDrawn) return;
  isDrawn = true;
  requestAnimationFrame(draw);
}

function draw(time) {
  isDrawn = false;
  if (!views.length) return;
  const height = document.fullscreenElement ? room() : 0;
  const busy = views.map((view) => view.draw(time, colors, { height, since: player.since, isLatest: follows }));
  curve.show(views.map(({ record }) => ({ name: record.about.name, run: record.run })), colors);
  drawLog();
  drawReplay();
  document.title = title(views[0].record.run, views[0].record.about.name);
  speak(time);
  if (busy.some(Boolean)) drawSoon();
}

// The height that a full screen leaves for the stage.
function room() {
  const others = [document.querySelector("header"), at("replay"), at("chart"), document.querySelector(".facts"), document.querySelector(".chosen")];
  return Math.max(260, innerHeight - others.reduce((sum, one) => sum + one.offsetHeight, 0) - 30);
}

function speak(time) {
  aloud.look(views[0].record.run, views[0].known);
  const said = aloud.next(time);
  if (said) text("said", said);
}

function drawLog() {
  const { events, shown, damaged } = views[0].record;
  const lines = events.slice(Math.max(0, shown - LINES), shown).reverse();
  const log = at("log");
  while (log.children.length > lines.length) log.lastChild.remove();
  while (log.children.length < lines.length) log.append(document.createElement("li"));
  lines.forEach((event, index) => {
    const said = line(event);
    if (log.children[index].textContent !== said) log.children[index].textContent = said;
  });
  text("damaged", damaged ? `Damaged lines of events.jsonl, left out: ${damaged}` : "");
}

function drawReplay() {
  const { events, shown, run } = views[0].record;
  const position = at("position");
  position.max = events.length;
  position.value = shown;
  position.setAttribute("aria-valuetext", `event ${shown} of ${events.length}, ${run.seconds.toFixed(1)} s`);
  at("live").setAttribute("aria-pressed", String(follows));
  text("play", player.plays ? "Pause" : "Play");
  at("play").setAttribute("aria-disabled", String(!events.length));
  at("back").setAttribute("aria-disabled", String(!shown));
  at("forward").setAttribute("aria-disabled", String(shown === events.length));
  const address = follows || player.plays ? " " : `#event=${shown}`;
  if (!player.plays && location.hash !== address.trim() && !location.hash.startsWith("#round=")) {
    history.replaceState(null, "", follows ? location.pathname + location.search : address);
  }
}

const speed = () => Number(document.querySelector("input[name=speed]:checked").value);

// What a button does: it stops the replay, and leaves the latest event.
function by(hand) {
  return () => {
    if (!views.length) return;
    player.stop();
    follows = false;
    history.replaceState(null, "", location.pathname + location.search);
    hand();
    drawSoon();
  };
}

function playOrPause() {
  if (!views.length || !views[0].record.events.length) return;
  if (player.plays) return player.stop() ?? drawSoon();
  const { record } = views[0];
  if (follows && record.look.alive && !record.isOver) return; // it plays already, live
  follows = false;
  history.replaceState(null, "", location.pathname + location.search);
  player.start();
  drawSoon();
}

function theme(chosen) {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  if (chosen) document.documentElement.dataset.theme = chosen;
  const now = document.documentElement.dataset.theme ?? system;
  text("theme", now === "dark" ? "Light" : "Dark");
  const style = getComputedStyle(document.documentElement);
  const roles = ["ground", "panel", "line", "faint", "ink", "muted", "fault", "weights", "data"];
  const tints = ["weights-tint", "data-tint", "data-hatch"];
  colors = Object.fromEntries([...roles, ...tints].map((role) => [role.replace("-", "_"), style.getPropertyValue(`--${role}`).trim()]));
  drawSoon();
  return now;
}

// A browser may let no page remember anything.
function remembered(value) {
  try {
    if (value) localStorage.setItem("theme", value);
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}

// The stages and the curve as they are, in one picture.
function save() {
  const parts = [...document.querySelectorAll(".picture canvas"), at("curve").querySelector("canvas")].filter((one) => one?.width);
  const sheet = document.createElement("canvas");
  sheet.width = Math.max(...parts.map((one) => one.width));
  sheet.height = parts.reduce((sum, one) => sum + one.height, 0);
  const context = sheet.getContext("2d");
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, sheet.width, sheet.height);
  let top = 0;
  for (const part of parts) {
    context.drawImage(part, 0, top);
    top += part.height;
  }
  const link = document.createElement("a");
  link.download = `${(views[0]?.record.about.name || "run").replaceAll("/", "-")}-event-${views[0]?.record.shown ?? 0}.png`;
  link.href = sheet.toDataURL("image/png");
  link.click();
}

at("play").addEventListener("click", playOrPause);
for (const radio of document.querySelectorAll("input[name=speed]")) radio.addEventListener("change", () => player?.hurry(speed()));
at("back").addEventListener("click", by(() => show(views[0].record.shown - 1)));
at("forward").addEventListener("click", by(() => show(views[0].record.shown + 1)));
at("position").addEventListener("input", () => {
  const wanted = Number(at("position").value);
  by(() => show(wanted, true))();
});
at("live").addEventListener("click", by(latest));
at("curve").addEventListener("focus", () => at("point").setAttribute("aria-live", "polite")); // who walks there
at("curve").addEventListener("blur", () => at("point").setAttribute("aria-live", "off"));
at("save").addEventListener("click", save);
at("full").addEventListener("click", fill);
at("scale").addEventListener("click", () => {
  curve.isClose = !curve.isClose;
  at("scale").setAttribute("aria-pressed", String(curve.isClose));
  drawSoon();
});
at("theme").addEventListener("click", () => remembered(theme(at("theme").textContent.toLowerCase())));
addEventListener("keydown", (event) => event.key === "f" && !event.ctrlKey && !event.metaKey && fill());
addEventListener("hashchange", () => goTo(location.hash));
addEventListener("resize", drawSoon);
document.addEventListener("fullscreenchange", () => {
  document.body.classList.toggle("cinema", Boolean(document.fullscreenElement));
  drawSoon();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
theme(remembered());
setInterval(drawSoon, 250); // seconds go on
const inside = await recordsInside();
if (inside) told({ records: inside });
else follow(told);
