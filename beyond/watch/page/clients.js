// How a client is drawn: a box with words, a small cell, or a dot, by how much room there is.

import { bars, box, matrix, pile, text, trace } from "./draw.js";
import { images } from "./words.js";

export const RANGE = 0.35; // weights of this size have the full colour

export const DRAWN = {
  box(pen, { x, y, w, h }, look, { client, digits, digit, most, isTraining, weights }) {
    const { unit } = pen;
    const [inner, margin] = [w - 14 * unit, 7 * unit];
    box(pen, { x, y, w, h }, look);
    text(pen, x + margin, y + 19 * unit, client.name, { size: Math.min(14 * unit, w / 5.2), bold: true, most: inner });
    const isNarrow = inner < 80 * unit; // then a number and its unit take two lines
    const side = Math.min((isNarrow ? 32 : 40) * unit, inner * 0.5);
    pile(pen, x + margin, y + 28 * unit, side, digit);
    if (isTraining) matrix(pen, x + w - margin - side * 0.8, y + 28 * unit + side * 0.2, side * 0.76, weights, RANGE);
    const owns = client.images > 1 ? client.images : digits?.reduce((sum, one) => sum + one, 0);
    const said = owns ? images({ images: owns }) : "";
    (isNarrow ? said.split(" ") : [said]).forEach((part, index) => text(
      pen, x + margin, y + (isNarrow ? side + 40 * unit : 86 * unit) + 12.5 * unit * index, part, { size: 12 * unit, color: "data", most: inner }));
    if (digits) bars(pen, x + margin, y + 94 * unit, inner, 30 * unit, digits, most, isTraining ? digit : -1);
    trace(pen, x + margin, y + h - 17 * unit, inner, client.trace, Math.min(7.5 * unit, inner / 13.6));
  },

  cell(pen, { x, y, w, h }, look, { client, digits, digit, most, isTraining }) {
    box(pen, { x, y, w, h }, { ...look, radius: 5, width: look.width ?? 1.2, fill: isTraining ? "data_tint" : look.fill });
    text(pen, x + 4, y + 12, String(client.number ?? client.name), { size: 11, most: w - 8, color: "muted" });
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
