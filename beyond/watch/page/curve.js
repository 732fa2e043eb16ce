// The curve: accuracy and loss of every round on record, with what happened between rounds on its axis.

import uPlot from "./uplot.js";
import { percent } from "./words.js";

// What happens between rounds; each sign is this curve's own: none of them stands in a client's trace.
const SIGNS = { gone: ["↓", "a client has gone"], back: ["↑", "it is back"], resumed: ["▶", "the run is resumed"] };
const MOST_MARKS = 60;
const FONT = "Helvetica, Arial, sans-serif";
const ROOMY = 640; // pixels; a narrower curve has no words beside its axes
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const unbroken = (said) => said.replaceAll(" ", "\u00a0");

export class Curve {
  constructor(element, key, told) {
    Object.assign(this, { element, key, told, plot: null, drawn: "", isClose: false });
    element.addEventListener("keydown", (event) => this.walk(event));
  }

  // Show the rounds of `runs`, [{name, run}]; nothing happens if that is what is shown.
  show(runs, colors) {
    const size = [this.element.clientWidth, this.element.clientHeight];
    const is = JSON.stringify([size, rem(), colors.ink, this.isClose, runs.map(({ name, run }) => [name, run.rounds, run.curve, run.breaks])]);
    if (is === this.drawn) return;
    this.drawn = is;
    this.runs = runs;
    this.plot?.destroy();
    const rounds = Math.max(1, ...runs.map(({ run }) => Math.max(run.rounds ?? 0, run.curve.at(-1)?.round ?? 0)));
    this.plot = new uPlot(this.options(size, rounds, colors), this.data(rounds), this.element);
    this.element.setAttribute("aria-label", this.label());
    this.key.replaceChildren(...this.lines().map(([look, said]) => sample(look, said)), ...this.signs().map(sign));
    this.tell(null);
  }

  // Which line is which: [[its look, whose it is], ...].
  lines() {
    const [first, second] = this.runs;
    return second ? [["solid", first.name], ["dashed", second.name]] : [["solid", "accuracy"], ["dotted", "loss, on the right"]];
  }

  signs() {
    const found = new Set(this.runs.flatMap(({ run }) => run.breaks.map(({ what }) => what)));
    return Object.keys(SIGNS).filter((what) => found.has(what));
  }

  data(rounds) {
    const all = Array.from({ length: rounds + 1 }, (_, round) => round);
    const of = (run, name) => {
      const values = new Map(run.curve.map((point) => [point.round, point[name]]));
      return all.map((round) => values.get(round) ?? null);
    };
    const losses = this.runs.length === 1 ? [of(this.runs[0].run, "loss")] : [];
    return [all, ...this.runs.map(({ run }) => of(run, "accuracy")), ...losses];
  }

  options([width, height], rounds, colors) {
    const [unit, isRoomy, loss] = [rem() / 16, width >= ROOMY, this.runs.length === 1];
    const grid = { stroke: colors.line, width: 0.5 };
    const font = `${12 * unit}px ${FONT}`;
    const axis = { stroke: colors.muted, grid, ticks: grid, font, labelFont: font, labelSize: 18 * unit, labelGap: 0 };
    const named = (label) => (isRoomy ? { label } : {});
    const look = (second) => ({ stroke: second ? colors.muted : colors.ink, width: 2, dash: second ? [6, 4] : [], points: { show: rounds < 60, size: 6 }, spanGaps: true });
    return {
      width, height, legend: { show: false }, cursor: { y: false, drag: { x: false } }, padding: [(loss ? 14 : 24) * unit, loss ? 0 : 14, 0, 0],
      scales: { x: { time: false, range: [0, rounds] }, y: { range: () => this.range() }, loss: { range: (_, low, high) => [0, high || 1] } },
      axes: [
        { ...axis, ...named("round"), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], size: 30 * unit },
        { ...axis, ...named("accuracy"), scale: "y", size: 58 * unit, values: (_, values) => values.map((value) => `${+(100 * value).toFixed(1)} %`) },
        ...(loss ? [{ ...axis, ...named("loss"), scale: "loss", side: 1, grid: { show: false }, size: 44 * unit }] : []),
      ],
      series: [{}, ...this.runs.map((_, index) => ({ scale: "y", ...look(index) })),
        ...(loss ? [{ scale: "loss", stroke: colors.muted, width: 1.5, dash: [2, 3], points: { show: false }, spanGaps: true }] : [])],
      hooks: { setCursor: [(plot) => this.tell(plot.cursor.idx)], draw: [(plot) => this.mark(plot, colors), (plot) => this.nameEnds(plot, colors)] },
    };
  }

  // From 0 to 100 %, or what there is of the rounds from 2 on.
  range() {
    if (!this.isClose) return [0, 1];
    const later = this.runs.flatMap(({ run }) => run.curve.filter((point) => point.round > 1 && point.accuracy !== null));
    const values = later.map((point) => point.accuracy);
    if (!values.length) return [0, 1];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const air = Math.max((high - low) * 0.15, 0.001);
    return [Math.max(0, low - air), Math.min(1, high + air)];
  }

  // Who went and came back, and where the run was resumed.
  mark(plot, colors) {
    const { ctx, bbox } = plot;
    const unit = devicePixelRatio * (rem() / 16);
    ctx.save();
    ctx.font = `${14 * unit}px ${FONT}`;
    ctx.textAlign = "center";
    ctx.setLineDash([3, 3]);
    const used = {}; // by round, how many marks stand there already
    for (const { round, what } of this.runs.flatMap(({ run }) => run.breaks).slice(-MOST_MARKS)) {
      used[round] = (used[round] ?? 0) + 1;
      const x = plot.valToPos(round + 0.5, "x", true) + (used[round] - 1) * 14 * unit;
      ctx.fillStyle = ctx.strokeStyle = what === "gone" ? colors.fault : colors.muted;
      ctx.fillText(SIGNS[what][0], x, bbox.top + bbox.height - 5 * unit);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height - 20 * unit);
      ctx.stroke();
    }
    ctx.restore();
  }

  // Of two runs, the name of each where its line ends: above the upper one and below the lower one.
  nameEnds(plot, colors) {
    if (this.runs.length < 2) return;
    const { ctx, bbox } = plot;
    const unit = devicePixelRatio * (rem() / 16);
    const ends = this.runs.map(({ name, run }, index) => {
      const { round, accuracy } = run.curve.findLast((point) => point.accuracy !== null) ?? {};
      return { name, color: index ? colors.muted : colors.ink, x: plot.valToPos(round, "x", true), y: plot.valToPos(accuracy, "y", true) };
    }).filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height).sort((one, other) => one.y - other.y);
    ctx.save();
    Object.assign(ctx, { font: `bold ${12 * unit}px ${FONT}`, lineWidth: 4 * unit, strokeStyle: colors.ground, lineJoin: "round" });
    ends.forEach(({ name, color, x, y }, index) => {
      const isLate = x > bbox.left + bbox.width / 2;
      Object.assign(ctx, { textAlign: isLate ? "right" : "left", fillStyle: color });
      for (const how of ["strokeText", "fillText"]) ctx[how](name, x, y + (index ? 20 : -10) * unit);
    });
    ctx.restore();
  }

  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.plot) return;
    event.preventDefault();
    const last = this.plot.data[0].length - 1;
    const round = Math.min(Math.max((this.plot.cursor.idx ?? -1) + step, 0), last);
    this.plot.setCursor({ left: this.plot.valToPos(round, "x"), top: 0 });
  }

  // Say what the round under the cursor has come to, or else the newest.
  tell(round) {
    const said = this.runs.map(({ name, run }) => {
      const point = round === null || round === undefined ? run.curve.at(-1) : run.curve.find((one) => one.round === round);
      if (!point) return round === null || round === undefined ? "" : `Round ${round} is not on record`;
      const loss = point.loss === null ? "–" : point.loss.toFixed(4);
      const between = run.breaks.filter((one) => one.round === point.round)
        .map(({ what, who }) => (what === "resumed" ? "resumed" : `${who} ${what}`));
      const who = this.runs.length > 1 ? `${name}: ` : "";
      const figures = [`Round ${point.round}: accuracy ${percent(point.accuracy)}`, `loss ${loss}`].map(unbroken).join(", ");
      return `${who}${figures}${between.length ? `; then ${between.join(", ")}` : ""}`;
    });
    this.told(said.filter(Boolean).join("  |  "));
  }

  label() {
    const of = ({ run }) => run.curve.map((point) => `round ${point.round} ${percent(point.accuracy)}`).join(", ") || "nothing yet";
    return `Accuracy by round: ${this.runs.map(of).join("; ")}`;
  }
}

function sample(look, said) {
  const line = Object.assign(document.createElement("i"), { className: look });
  const span = document.createElement("span");
  span.append(line, ` ${said}`);
  return span;
}

export const signed = (what) => SIGNS[what].join(" ");

function sign(what) {
  return Object.assign(document.createElement("span"), { className: what, textContent: signed(what) });
}
