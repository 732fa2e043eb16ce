// The page: it takes records, shows the moment that is wanted of them, and does what its buttons say.

import { Curve } from "./curve.js";
import { Log } from "./log.js";
import { save } from "./picture.js";
import { Player } from "./replay.js";
import { follow, recordsInside } from "./sources.js";
import { View } from "./view.js";
import { sentence, title } from "./words.js";

const CURVE = 0.25; // of a full screen's height; and what else the stage leaves
const NEAR = 200; // events; what happened before that is not played again
const at = (id) => document.getElementById(id);

let views = []; // one for each run; the first one leads
let logs = []; // of every run its own
let player = null;
let follows = true; // the latest event
let colors = {};
let isDrawn = false;
const curve = new Curve(at("curve"), at("key"), (said) => text("point", said));

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
  const [first] = at("logs").children;
  for (const _ of views.slice(1)) at("logs").append(Log.another(first));
  logs = views.map((_, index) => new Log(at("logs").children[index]));
  player = new Player(records[0], { step: (count) => show(count), ended: latest, told: (passed) => text("passed", passed) });
  player.speed = speed();
}

// Show the leading run after `count` events, and every other one at the same place of the same round.
// What has happened since the moment before moves, unless this is a jump.
function show(count, isJump = false) {
  const lead = views[0].record;
  const goal = Math.min(count, lead.events.length);
  const isNear = (record, count) => !isJump && count >= record.shown && count - record.shown < NEAR;
  const counts = views.map(({ record }) => {
    if (record === lead) return goal;
    return follows && goal === lead.events.length ? record.events.length : record.countAt(lead.place(goal));
  });
  views.forEach((view, index) => view.goTo(counts[index], isNear(view.record, counts[index])));
  drawSoon();
}

function step(by) {
  const [{ record, aloud }] = views;
  show(record.shown + by);
  aloud.step(newest(record));
}

// The newest event that is shown, as a sentence.
const newest = ({ events, shown }) => (shown ? sentence(events.at(shown - 1)) : "Before the first event");

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
  at("legend").hidden = views.every((view) => view.isBare);
  at("digits").hidden = views.every(({ record }) => !record.about.digits);
  const busy = views.map((view) => view.draw(time, colors, { height, since: player.since, isLatest: follows }));
  curve.show(views.map(({ record }) => ({ name: record.about.name, run: record.run })), colors);
  views.forEach(({ record }, index) => logs[index].show(record, views.length > 1));
  drawReplay();
  document.title = views.map(({ record }) => title(record.run, record.about.name)).join(" | ");
  speak(time);
  if (busy.some(Boolean)) drawSoon();
}

// The height that a full screen leaves for the stage.
function room() {
  const others = [document.querySelector("header"), at("replay"), at("legend"), ...document.querySelectorAll(".run:first-child :is(.facts, .chosen)")];
  return Math.max(260, innerHeight * (1 - CURVE) - others.reduce((sum, one) => sum + one.offsetHeight, 16));
}

function speak(time) {
  const said = views.map(({ record: { run, about }, known, aloud }) => {
    aloud.look(run, known);
    const news = aloud.next(time);
    return news && views.length > 1 ? `${about.name}: ${news}` : news;
  }).filter(Boolean).join(". ");
  if (said) text("said", said);
}

function drawReplay() {
  const { record } = views[0];
  const { events, shown, run } = record;
  const position = at("position");
  position.max = events.length;
  position.value = shown;
  position.setAttribute("aria-valuetext", `event ${shown} of ${events.length}, ${run.seconds.toFixed(1)} s: ${newest(record)}`);
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

at("play").addEventListener("click", playOrPause);
for (const radio of document.querySelectorAll("input[name=speed]")) radio.addEventListener("change", () => player?.hurry(speed()));
at("back").addEventListener("click", by(() => step(-1)));
at("forward").addEventListener("click", by(() => step(1)));
at("position").addEventListener("input", () => {
  const wanted = Number(at("position").value);
  by(() => show(wanted, true))();
});
at("live").addEventListener("click", by(latest));
at("curve").addEventListener("focus", () => at("point").setAttribute("aria-live", "polite")); // who walks there
at("curve").addEventListener("blur", () => at("point").setAttribute("aria-live", "off"));
at("save").addEventListener("click", () => views.length && save(views, curve, colors));
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
  document.documentElement.classList.toggle("cinema", Boolean(document.fullscreenElement));
  drawSoon();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
theme(remembered());
setInterval(drawSoon, 250); // seconds go on
const inside = await recordsInside();
if (inside) told({ records: inside });
else follow(told);
