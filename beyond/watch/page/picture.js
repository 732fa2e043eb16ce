// The moment as a picture: of every run what it is and how far it is, above its stage; and the curve.

import { signed } from "./curve.js";
import { text } from "./draw.js";
import { facts, settings } from "./words.js";

const MARGIN = 12; // pixels, as the sizes below

export function save(views, curve, colors) {
  const link = document.createElement("a");
  const { about, shown } = views[0].record;
  link.download = `${(about.name || "run").replaceAll("/", "-")}-event-${shown}.png`;
  link.href = sheet([...views.map(ofRun), ofCurve(curve)], colors).toDataURL("image/png");
  link.click();
}

// Parts are {lines: [[text, its look], ...], canvas}, one below the other.
function sheet(parts, colors) {
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const width = Math.max(...parts.map((part) => part.canvas?.width ?? 0)) / ratio;
  const whole = parts.map((part) => ({ ...part, lines: part.lines.flatMap((line) => wrapped(context, line, width)) }));
  canvas.width = (width + 2 * MARGIN) * ratio;
  canvas.height = (whole.reduce((sum, part) => sum + heightOf(part, ratio), MARGIN)) * ratio;
  context.scale(ratio, ratio);
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  whole.reduce((top, part) => put({ context, colors }, part, top, ratio), MARGIN);
  return canvas;
}

const heightOf = ({ lines, canvas }, ratio) => (canvas?.height ?? 0) / ratio
  + lines.reduce((sum, [, { size }]) => sum + 1.4 * size, 0) + 2 * MARGIN;

function put(pen, part, top, ratio) {
  let y = top;
  for (const [said, look] of part.lines) {
    text(pen, MARGIN, y + look.size, said, look);
    y += 1.4 * look.size;
  }
  const { canvas } = part;
  if (canvas?.width) pen.context.drawImage(canvas, MARGIN, y + MARGIN / 2, canvas.width / ratio, canvas.height / ratio);
  return top + heightOf(part, ratio);
}

function ofRun(view) {
  const { run, about } = view.record;
  const all = facts(run);
  const figures = [`Round ${all.round}`, `${all.accuracyOf}: ${all.accuracy}`, `Weights moved: ${all.moved}`,
    `Without update: ${all.failures}`];
  return { canvas: view.isBare ? null : view.canvas, lines: [
    [about.name, { size: 16, bold: true }],
    [view.find(".doing").textContent, { size: 18 }],
    [figures.join(" · "), { size: 15 }],
    [settings(about, run), { size: 13, color: "muted" }]] };
}

function ofCurve(curve) {
  const key = [...curve.lines().map(([look, said]) => `${look}: ${said}`), ...curve.signs().map(signed)];
  return { canvas: curve.element.querySelector("canvas"), lines: [
    ["The global model, round by round", { size: 14, bold: true, color: "muted" }],
    [key.join(" · "), { size: 13, color: "muted" }]] };
}

// A line as as many as it takes, with breaks between its parts.
function wrapped(context, [said, look], width) {
  context.font = `${look.bold ? "bold " : ""}${look.size}px Helvetica, Arial, sans-serif`;
  const lines = [""];
  for (const part of said.split(" · ")) {
    const longer = [lines.at(-1), part].filter(Boolean).join(" · ");
    if (lines.at(-1) && context.measureText(longer).width > width) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => [line, { ...look, most: width }]);
}
