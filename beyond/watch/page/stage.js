// The stage: the server on top, the clients below, weights that travel between them, images that stay.

import { along, at, layout } from "./layout.js";
import { bars, box, cross, line, matrix, pile, rack, text, trace } from "./draw.js";
import { inAverage } from "./run.js";
import { images, integer, isPrivate, rule } from "./words.js";

const TRAVEL = 800; // milliseconds for weights on their way
const AVERAGE = 1700; // milliseconds for the average
const FLICKER = 140; // milliseconds for an image in training
const RANGE = 0.35; // weights of this size have the full colour
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
    const trains = isPrivate(this.about) ? "asked" : "training";
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
    this.places = layout(width, this.clients.length, height, Boolean(this.about.digits));
    const ratio = window.devicePixelRatio || 1;
    const size = [Math.round(width * ratio), Math.round(this.places.height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = size;
      canvas.style.height = `${this.places.height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, this.places.height);
    const pen = { context, colors, unit: this.places.unit };
    this.drawLines(pen, time);
    const most = Math.max(1, ...(this.about.digits ?? []).flat());
    this.clients.forEach((client, index) => this.drawClient(pen, time, client, this.places.boxes[index], most));
    this.drawServer(pen, time);
    this.clients.forEach((client, index) => this.drawTravel(pen, time, client, this.places.lines[index]));
  }

  drawLines(pen, time) {
    const staged = this.averageAt(time);
    const shown = staged !== null ? this.average.parts : this.run.phase === "averaged" ? inAverage(this.run) : [];
    const parts = new Map(shown.map((client) => [client.key, client.images]));
    const total = [...parts.values()].reduce((sum, one) => sum + one, 0);
    this.clients.forEach((client, index) => {
      const points = this.places.lines[index];
      const isOpen = this.server.isHere && !AWAY.includes(client.presence);
      const look = { color: isOpen ? "line" : "faint", dash: isOpen ? [] : [2, 5], width: this.places.kind === "box" ? 1.2 : 0.6 };
      line(pen, points, { ...look, alpha: this.places.kind === "dot" ? 0.4 : 0.9 });
      if (!parts.has(client.key)) return;
      const share = total ? parts.get(client.key) / total : 1 / parts.size;
      const width = Math.max(1, share * Math.min(parts.size, 40) * 4 * pen.unit);
      line(pen, points, { color: "weights", width, alpha: 0.85 });
    });
  }

  drawClient(pen, time, client, place, most) {
    const look = { fill: "panel", stroke: "line", radius: 9 * pen.unit, dash: [] };
    if (AWAY.includes(client.presence)) Object.assign(look, { fill: "ground", stroke: "faint", dash: [4, 4] });
    if (client.part === "training" && this.server.goesOn && !AWAY.includes(client.presence)) look.stroke = "data";
    if (["left out", "missing"].includes(client.part)) look.stroke = "fault";
    if (this.clients[this.chosen] === client) Object.assign(look, { stroke: "ink", width: 2.5 });
    const digits = this.about.digits?.[client.number];
    const isAsked = client.part === "asked" && isPrivate(this.about); // of whom nothing more is told
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
    const { unit } = pen;
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
    text(pen, x + side / 2, y + side + 18 * unit, "global model", { size: 12.5 * unit, align: "center", color: "muted" });
    this.drawArithmetic(pen, x + side + 22 * unit, server, staged);
  }

  // What the server does, beside its model.
  drawArithmetic(pen, x, server, staged) {
    const { unit } = pen;
    const most = server.x + server.w - x - 8;
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
    const isOut = part === "training" || (part === "asked" && isPrivate(this.about));
    if (isOut && way < 1) put(along(points, way), this.run.weights);
    if (["answered", "left out"].includes(part)) {
      const place = along(points, part === "answered" ? 1 - way * 0.93 : 0.07);
      put(place, client.weights);
      if (part === "left out") cross(pen, place[0] - side / 2, place[1] - side / 2, side, "fault");
    }
    const staged = this.averageAt(time);
    const own = staged === null ? null : this.average.parts.find((one) => one.key === client.key);
    if (!own || staged > 0.8) return;
    const [x, y] = along(points, 0.07);
    const ease = Math.max(0, (staged - 0.25) / 0.55) ** 2;
    const goal = [server.x + server.w / 2, server.y + 47 * unit];
    put([x + (goal[0] - x) * ease, y + (goal[1] - y) * ease], own.weights, 1 + ease * 0.5);
  }

  find(x, y) {
    return at(this.places.boxes, x, y);
  }
}

const DRAWN = {
  box(pen, { x, y, w, h }, look, { client, digits, digit, most, isTraining, weights }) {
    const { unit } = pen;
    const [inner, margin] = [w - 14 * unit, 7 * unit];
    box(pen, { x, y, w, h }, look);
    text(pen, x + margin, y + 19 * unit, client.name, { size: Math.min(14 * unit, w / 5.2), bold: true, most: inner });
    const side = Math.min(40 * unit, inner * 0.5);
    pile(pen, x + margin, y + 28 * unit, side, digit);
    if (isTraining) matrix(pen, x + w - margin - side * 0.8, y + 28 * unit + side * 0.2, side * 0.76, weights, RANGE);
    const owns = client.images > 1 ? client.images : digits?.reduce((sum, one) => sum + one, 0);
    const said = owns ? (w < 90 ? integer(owns) : images({ images: owns })) : "";
    text(pen, x + margin, y + 86 * unit, said, { size: Math.min(12 * unit, w / 6), color: "data", most: inner });
    if (digits) bars(pen, x + margin, y + 94 * unit, inner, 30 * unit, digits, most, isTraining ? digit : -1);
    trace(pen, x + margin, y + h - 17 * unit, inner, client.trace, Math.min(7.5 * unit, inner / 13.6));
  },

  cell(pen, { x, y, w, h }, look, { client, digits, digit, most, isTraining }) {
    box(pen, { x, y, w, h }, { ...look, radius: 5, width: look.width ?? 1.2, fill: isTraining ? "data_tint" : look.fill });
    text(pen, x + 4, y + 12, String(client.number ?? client.name), { size: 10, most: w - 8, color: "muted" });
    if (digits) bars(pen, x + 4, y + 15, w - 8, h - 27, digits, most, isTraining ? digit : -1);
    else if (isTraining) matrix(pen, x + w / 2 - 7, y + 15, 14, null, RANGE);
    trace(pen, x + 4, y + h - 8, w - 8, client.trace, 4.5);
  },

  dot(pen, { x, y, w }, look, { client, isTraining }) {
    const { context, colors } = pen;
    const last = client.trace.at(-1);
    const role = isTraining ? "data" : ["answered", "averaged"].includes(client.part) ? "weights"
      : ["missing", "left out"].includes(client.part) || last === "x" ? "fault" : client.presence === "here" ? "faint" : "line";
    context.beginPath();
    context.arc(x + w / 2, y + w / 2, w / 2, 0, 2 * Math.PI);
    context.fillStyle = colors[role];
    context.fill();
    if (look.stroke !== "ink") return;
    context.strokeStyle = colors.ink;
    context.lineWidth = 2;
    context.stroke();
  },
};
