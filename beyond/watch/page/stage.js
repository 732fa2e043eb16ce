// The stage: the server on top, the clients below, weights that travel between them, images that stay.

import { DRAWN, RANGE } from "./clients.js";
import { along, at, layout } from "./layout.js";
import { box, cross, line, matrix, rack, text } from "./draw.js";
import { inAverage } from "./run.js";
import { integer, rule, tellsNothing } from "./words.js";

const TRAVEL = 800; // milliseconds for weights on their way
const AVERAGE = 1700; // milliseconds for the average
const FLICKER = 140; // milliseconds for an image in training
const still = matchMedia("(prefers-reduced-motion: reduce)");
const AWAY = ["absent", "gone", "refused"];

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.moves = new Map(); // by client, {part, began}: when what it does has changed
    this.average = null; // {began, parts}: the newest, as long as it is staged
    this.seen = null; // the state that was shown last
    this.server = { isHere: true, goesOn: true }; // goesOn: it is here, and the run is not over
    this.chosen = -1; // the client that a mouse or the keyboard points at
  }

  // Show a state. What has happened since the last one moves if it is `near`: not after a jump.
  show(run, about, { near = true, time = performance.now() } = {}) {
    const moves = near && !still.matches;
    for (const client of run.clients.values()) {
      const before = this.moves.get(client.key);
      if (before?.part === client.part && before.round === run.round) continue;
      this.moves.set(client.key, { part: client.part, round: run.round, began: moves ? time : -Infinity });
    }
    const isNew = run.phase === "averaged" && this.averagedRound !== run.round;
    if (isNew) this.average = { began: moves ? time : -Infinity, parts: inAverage(run), old: this.shownWeights };
    if (run.phase === "averaged") this.averagedRound = run.round;
    else if (!near || run.round !== this.averagedRound) this.averagedRound = null;
    if (!near && run.phase !== "averaged") this.average = null;
    this.shownWeights = run.weights;
    Object.assign(this, { run, about, clients: [...run.clients.values()] });
  }

  // Whether anything moves.
  isBusy(time) {
    if (!this.run || still.matches) return false;
    const trains = tellsNothing(this.about) ? "asked" : "training";
    const moving = this.clients.some(({ key, part }) => (part === trains && this.server.goesOn) || time - this.moves.get(key).began < TRAVEL);
    return moving || this.averageAt(time) !== null;
  }

  averageAt(time) {
    const part = this.average ? (time - this.average.began) / AVERAGE : Infinity;
    return part < 1 ? part : null;
  }

  // Draw it all; `height` is what there is on a full screen, 0 on a page.
  draw(time, colors, height = 0) {
    const { canvas, context } = this;
    const width = canvas.parentElement.clientWidth;
    this.arrange(width, this.clients.length, height, Boolean(this.about.digits));
    const ratio = window.devicePixelRatio || 1;
    const size = [Math.round(width * ratio), Math.round(this.places.height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = size;
      canvas.style.height = `${this.places.height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, this.places.height);
    const pen = { context, colors, ratio, unit: this.places.unit };
    this.drawLines(pen, time);
    const most = Math.max(1, ...(this.about.digits ?? []).flat());
    this.clients.forEach((client, index) => this.drawClient(pen, time, client, this.places.boxes[index], most));
    this.drawServer(pen, time);
    this.clients.forEach((client, index) => this.drawTravel(pen, time, client, this.places.lines[index]));
    this.drawCaption(pen); // last: updates pass under it
  }

  // The places of a thousand clients are computed once, until one of `all` changes.
  arrange(...all) {
    if (this.arranged === all.join()) return;
    this.arranged = all.join();
    this.places = layout(...all);
  }

  drawLines(pen, time) {
    const staged = this.averageAt(time);
    const shown = staged !== null ? this.average.parts : this.run.phase === "averaged" ? inAverage(this.run) : [];
    const parts = new Map(shown.map((client) => [client.key, client.images]));
    const total = [...parts.values()].reduce((sum, one) => sum + one, 0);
    if (this.places.kind === "dot") this.drawKept(pen);
    else this.drawQuietLines(pen);
    this.clients.forEach((client, index) => {
      const points = this.places.lines[index];
      if (!parts.has(client.key)) return;
      const share = total ? parts.get(client.key) / total : 1 / parts.size;
      const width = Math.max(1, share * Math.min(parts.size, 40) * 4 * pen.unit);
      line(pen, points, { color: "weights", width, alpha: 0.85 });
    });
  }

  // Whether something can come down a client's line.
  isOpen({ presence }) {
    return this.server.isHere && !AWAY.includes(presence);
  }

  drawQuietLines(pen) {
    this.clients.forEach((client, index) => {
      const isOpen = this.isOpen(client);
      const look = { color: isOpen ? "line" : "faint", dash: isOpen ? [] : [2, 5], width: this.places.kind === "box" ? 1.2 : 0.6 };
      line(pen, this.places.lines[index], { ...look, alpha: this.places.kind === "dot" ? 0.4 : 0.9 });
    });
  }

  // The lines of a thousand clients take a frame's time: they are drawn once, until one changes.
  drawKept(pen) {
    const { width, height } = this.canvas;
    const key = [width, height, pen.colors.line, ...this.clients.map((client) => Number(this.isOpen(client)))].join();
    if (this.kept?.key !== key) {
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      this.kept = { key, canvas };
      const context = canvas.getContext("2d");
      context.setTransform(pen.context.getTransform());
      this.drawQuietLines({ ...pen, context });
    }
    pen.context.drawImage(this.kept.canvas, 0, 0, width / pen.ratio, height / pen.ratio);
  }

  drawClient(pen, time, client, place, most) {
    const look = { fill: "panel", stroke: "line", radius: 9 * pen.unit, dash: [] };
    if (AWAY.includes(client.presence)) Object.assign(look, { fill: "ground", stroke: "faint", dash: [4, 4] });
    if (client.part === "training" && this.server.goesOn && !AWAY.includes(client.presence)) look.stroke = "data";
    if (["left out", "missing"].includes(client.part)) look.stroke = "fault";
    if (this.clients[this.chosen] === client) Object.assign(look, { stroke: "ink", width: 2.5 });
    const digits = this.about.digits?.[client.number];
    const isAsked = client.part === "asked" && tellsNothing(this.about); // of whom nothing more is told
    const isTraining = this.server.goesOn && (client.part === "training" || isAsked) && client.presence === "here";
    const own = digits?.some(Boolean) ? digits.flatMap((count, digit) => (count ? [digit] : [])) : [3, 0, 7, 1, 9, 4];
    const beat = isTraining && !still.matches ? Math.floor(time / FLICKER) : 0;
    const digit = own[(beat + (client.number ?? 0)) % own.length];
    pen.context.globalAlpha = AWAY.includes(client.presence) ? 0.55 : 1;
    DRAWN[this.places.kind](pen, place, look, { client, digits, digit, most, isTraining, weights: this.run.weights });
    pen.context.globalAlpha = 1;
  }

  drawServer(pen, time) {
    const { server } = this.places;
    const { unit } = server;
    box(pen, server, { fill: "panel", stroke: "muted", radius: 12 * unit });
    rack(pen, server.x + 16 * unit, server.y + 14 * unit, 28 * unit);
    text(pen, server.x + 54 * unit, server.y + 34 * unit, "Server", { size: 17 * unit, bold: true });
    ["sends and averages", "weights, and sees", "no client's image"].forEach((content, index) => text(
      pen, server.x + 16 * unit, server.y + (66 + 17 * index) * unit, content,
      { size: 12.5 * unit, color: "muted", most: server.w / 2 - 60 * unit }));
    const side = 66 * unit;
    const [x, y] = [server.x + server.w / 2 - side / 2, server.y + 14 * unit];
    const staged = this.averageAt(time);
    const weights = staged !== null && staged < 0.75 ? this.average.old : this.run.weights;
    matrix(pen, x, y, side, weights, RANGE);
    this.drawArithmetic(pen, x + side + 16 * unit, server, staged);
  }

  drawCaption(pen) {
    const { server } = this.places;
    text(pen, server.x + server.w / 2, server.y + 98 * server.unit, "global model",
      { size: 12.5 * server.unit, align: "center", color: "muted" });
  }

  // What the server does, beside its model.
  drawArithmetic(pen, x, server, staged) {
    const { unit } = server;
    const most = server.x + server.w - x - 6;
    const parts = staged === null ? inAverage(this.run) : this.average.parts;
    const total = parts.reduce((sum, client) => sum + client.images, 0);
    const count = parts.length;
    const lines = count
      ? [`averages ${integer(count)} update${count === 1 ? "" : "s"}`, total > parts.length ? `of ${integer(total)} images` : ""]
      : ["an average of", "the clients' weights"];
    lines.forEach((content, index) => text(pen, x, server.y + (34 + 20 * index) * unit, content, { size: 14 * unit, most }));
    text(pen, x, server.y + 82 * unit, rule(this.about), { size: 14 * unit, color: "weights", most });
  }

  // Weights on their way, down or up; at the server's edge until they are averaged.
  drawTravel(pen, time, client, points) {
    const { part, began } = this.moves.get(client.key) ?? {};
    const { kind, server, unit } = this.places;
    const side = { box: 26, cell: 15, dot: 7 }[kind] * Math.max(unit, 0.9);
    const way = Math.min(1, (time - began) / TRAVEL);
    const put = ([x, y], weights, scale = 1) => matrix(pen, x - (side * scale) / 2, y - (side * scale) / 2, side * scale, weights, RANGE);
    const isOut = part === "training" || (part === "asked" && tellsNothing(this.about));
    if (isOut && way < 1) put(along(points, way), this.run.weights);
    if (["answered", "left out"].includes(part)) {
      const place = along(points, part === "answered" ? 1 - way * 0.93 : 0.07);
      put(place, client.weights);
      if (part === "left out") rejected(pen, place[0] - side / 2, place[1] - side / 2, side);
    }
    const staged = this.averageAt(time);
    const own = staged === null ? null : this.average.parts.find((one) => one.key === client.key);
    if (!own || staged > 0.8) return;
    const [x, y] = along(points, 0.07);
    const ease = Math.max(0, (staged - 0.25) / 0.55) ** 2;
    const middle = server.x + server.w / 2;
    // Along the server's lower edge, and up to its model: what stands to both sides of that stays legible.
    put(along([[x, y], [middle, y], [middle, server.y + 47 * server.unit]], ease), own.weights, 1 + ease * 0.5);
  }

  find(x, y) {
    return at(this.places.boxes, x, y);
  }
}

// A cross over an update that grows pale: its colours may be the cross's own.
function rejected(pen, x, y, side) {
  pen.context.globalAlpha = 0.65;
  box(pen, { x, y, w: side, h: side }, { fill: "panel" });
  pen.context.globalAlpha = 1;
  cross(pen, x, y, side, "fault");
}
