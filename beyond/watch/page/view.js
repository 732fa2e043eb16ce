// One run on the page: its name and figures, its stage, and its clients in words.

import { Aloud } from "./aloud.js";
import { inAverage, isOver } from "./run.js";
import { Stage } from "./stage.js";
import { FORMULA, doing, facts, images, integer, rule, settings, share, words } from "./words.js";

const MOST_ROWS = 200; // of the table; with more clients than that nobody reads it

export class View {
  constructor(record, template, parent, drawSoon) {
    this.record = record;
    this.aloud = new Aloud();
    this.known = {}; // of the run, besides its events, at the moment that is shown
    this.element = template.content.firstElementChild.cloneNode(true);
    parent.append(this.element);
    this.canvas = this.find("canvas");
    this.stage = new Stage(this.canvas);
    this.stage.show(record.run, record.about, { near: false });
    const point = (index) => {
      this.stage.chosen = index;
      drawSoon();
    };
    for (const kind of ["pointermove", "pointerdown"]) {
      this.canvas.addEventListener(kind, (event) => point(this.stage.find(event.offsetX, event.offsetY)));
    }
    // A finger leaves with every tap; what it has pointed at stays until it taps elsewhere.
    this.canvas.addEventListener("pointerleave", (event) => event.pointerType === "touch" || point(-1));
    document.addEventListener("pointerdown", (event) => event.target === this.canvas || point(-1));
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const { size } = record.run.clients;
      const from = this.stage.chosen < 0 && step < 0 ? 0 : this.stage.chosen; // before the first is the last
      point(size ? (from + step + size) % size : -1);
    });
    this.canvas.addEventListener("blur", () => point(-1));
    this.find("details").addEventListener("toggle", drawSoon);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  text(selector, value) {
    const element = this.find(selector);
    if (element.textContent !== value) element.textContent = value;
  }

  // Whether nothing but history.csv is there, which knows no clients.
  get isBare() {
    return this.record.about.history.length > 0;
  }

  show(count, isNear) {
    const run = this.record.show(count);
    this.stage.show(run, this.record.about, { near: isNear });
  }

  // Show the moment after `count` events, and say what has led there, if it `isNear`.
  goTo(count, isNear) {
    const { record } = this;
    while (isNear && record.shown < count) {
      this.show(record.shown + 1, true);
      this.aloud.take(record.events.at(record.shown - 1), record.run);
    }
    this.show(count, isNear);
    if (!isNear) this.aloud.jump(record.run);
  }

  // Draw the moment; return whether something moves. `since` are the seconds that a replay has gone on for.
  draw(time, colors, { height, since, isLatest }) {
    const { run, about, look, events, shown } = this.record;
    const isNow = isLatest && shown === events.length;
    const idle = isNow && look.idle !== undefined ? look.idle + (time - (this.record.heard ?? time)) / 1000 : 0;
    this.known = isNow ? { ...look, idle } : {};
    const goesOn = !isOver(run) && this.known.alive !== false;
    this.now = run.seconds + (goesOn && shown ? since || Math.min(idle, 180) : 0);
    this.stage.server = { isHere: this.known.alive !== false, goesOn };
    this.text(".name", about.name);
    this.text(".settings", unbroken(settings(about, run)));
    this.element.classList.toggle("bare", this.isBare);
    this.text(".doing", this.doing());
    const all = facts(run);
    for (const name of ["round", "accuracy", "moved", "failures"]) this.text(`.${name}`, all[name]);
    this.text(".accuracy-of", all.accuracyOf);
    this.text(".seconds", integer(Math.floor(this.now)));
    if (this.isBare) return false;
    this.stage.draw(time, colors, height);
    this.drawWords();
    return this.stage.isBusy(time);
  }

  doing() {
    const { run, look, events, shown } = this.record;
    if (this.isBare) return "Only history.csv is there: the curve, and nothing of clients";
    if (!events.length && look.fault && !look.alive) return look.fault;
    return events.length && !shown ? "Before the first event" : doing(run, this.known);
  }

  drawWords() {
    const { run } = this.record;
    const client = this.stage.clients[this.stage.chosen];
    this.text(".chosen", client ? this.about(client) : this.hint());
    const count = integer(run.clients.size);
    const label = `${count} clients around a server. ${client ? this.about(client) : "Arrow keys go from client to client"}`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    if (this.find("details").open) this.drawTable();
  }

  // Without a client that is pointed at: what the average is made of, for the first three.
  hint() {
    const parts = inAverage(this.record.run);
    const total = parts.reduce((sum, client) => sum + client.images, 0);
    if (total <= parts.length || rule(this.record.about) !== FORMULA) return "Point at a client to read what it does";
    const terms = parts.slice(0, 3).map((client) => `${integer(client.images)}/${integer(total)} · w${sub(client.number)}`);
    const said = `w = ${terms.join(" + ")}${parts.length > 3 ? " + …" : ""}`;
    return said.replace(/ (?!\+ \d)/g, "\u00a0"); // a line ends before the next number's plus only
  }

  about(client) {
    const parts = inAverage(this.record.run);
    const total = parts.reduce((sum, one) => sum + one.images, 0);
    const own = parts.find((one) => one.key === client.key);
    const weighs = own && total > parts.length ? `counts ${integer(own.images)} of ${integer(total)} images in the average` : "";
    const said = [words(client, this.now, this.record.run, this.known.alive), images(client), weighs, client.trace ? share(client) : ""];
    return `${client.name}: ${[...new Set(said)].filter(Boolean).join("; ")}`;
  }

  drawTable() {
    const rows = this.find(".clients");
    const clients = this.stage.clients.slice(0, MOST_ROWS);
    while (rows.children.length > clients.length) rows.lastChild.remove();
    while (rows.children.length < clients.length) {
      rows.append(document.createElement("tr"));
      const name = Object.assign(document.createElement("th"), { scope: "row" });
      rows.lastChild.append(name, ...["does", "images", "so far"].map(() => document.createElement("td")));
    }
    clients.forEach((client, index) => {
      const said = [client.name, words(client, this.now, this.record.run, this.known.alive), images(client), client.trace ? share(client) : ""];
      said.forEach((content, cell) => {
        const element = rows.children[index].children[cell];
        if (element.textContent !== content) element.textContent = content;
      });
    });
  }
}

// Settings break between one and the next, and never within one.
const unbroken = (said) => said.split(" · ").map((one) => one.replaceAll(" ", "\u00a0")).join(" · ");

const sub = (number) => String(number ?? "?").replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
