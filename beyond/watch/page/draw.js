// What the stage is drawn with: the diagrams' glyphs, on a canvas. `pen` is {context, colors, unit}.

const SMALLEST = 11; // pixels of type
const FONT = "Helvetica, Arial, sans-serif";
// One pen stroke a digit, on a tile of 32 x 32, as in diagrams/glyphs.py.
const DIGITS = ["M16 7c-5 0-7 4-7 9s2 9 7 9 7-4 7-9-2-9-7-9z", "M12 11l5-4v18", "M10 12c0-7 12-7 12 0 0 4-6 7-12 13h13",
  "M10 9c2-3 12-3 12 2 0 4-4 5-6 5 3 0 7 1 7 5 0 6-11 6-14 2", "M19 25v-18l-10 12h15",
  "M22 7h-10l-1 8c4-3 12-2 12 4 0 7-9 7-13 3", "M21 8c-8-2-11 6-11 11 0 8 12 8 12 1 0-6-9-6-12-1", "M9 8h14l-8 17",
  "M16 16c-8-3-6-10 0-10s8 7 0 10c-9 3-8 10 0 10s9-7 0-10z", "M22 13c-2 6-11 5-11-1 0-7 11-7 11 1 0 5-2 12-8 12"];
const paths = DIGITS.map((outline) => () => new Path2D(outline)); // a Path2D is made where there is a page
const BARS = [11, 13, 18, 8]; // of the glyph for weights of which nothing is known

export function box({ context, colors }, { x, y, w, h }, { fill, stroke, radius = 8, width = 1.5, dash = [] }) {
  context.beginPath();
  context.roundRect(x, y, w, h, Math.min(radius, w / 2));
  if (fill) {
    context.fillStyle = colors[fill];
    context.fill();
  }
  if (!stroke) return;
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colors[stroke];
  context.stroke();
  context.setLineDash([]);
}

// One line of text; if it has more than `most` pixels, it shrinks, and then it is cut.
export function text({ context, colors }, x, y, content, { size = 12, color = "ink", bold, align = "left", most } = {}) {
  const font = (pixels) => `${bold ? "bold " : ""}${pixels}px ${FONT}`;
  context.font = font(size);
  const wide = context.measureText(content).width;
  if (most && wide > most) context.font = font(Math.max(Math.min(size, SMALLEST), (size * most) / wide));
  context.fillStyle = colors[color];
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  let shown = content;
  while (most && shown.length > 1 && context.measureText(shown).width > most) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, x, y);
}

export function line({ context, colors }, points, { color = "line", width = 1, dash = [], alpha = 1 } = {}) {
  context.beginPath();
  points.forEach(([x, y]) => context.lineTo(x, y));
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colors[color];
  context.globalAlpha = alpha;
  context.stroke();
  context.globalAlpha = 1;
  context.setLineDash([]);
}

// Weights: nine of the true ones as a matrix of 3 x 3, or the diagrams' bars if none are known.
export function matrix(pen, x, y, side, weights, range) {
  const { context, colors } = pen;
  box(pen, { x, y, w: side, h: side }, { fill: "weights_tint", stroke: "weights", radius: side / 7, width: Math.max(1, side / 26) });
  context.fillStyle = colors.weights;
  if (!weights) {
    BARS.forEach((height, bar) => context.fillRect(
      x + side * (0.17 + 0.18 * bar), y + side * (0.85 - height / 28), side * 0.12, (side * height) / 28));
    return;
  }
  const cell = (side * 0.84) / 3;
  weights.forEach((weight, index) => {
    const [left, top] = [x + side * 0.08 + cell * (index % 3), y + side * 0.08 + cell * Math.floor(index / 3)];
    context.fillStyle = weight === null ? colors.fault : colors.weights;
    context.globalAlpha = weight === null ? 1 : Math.min(1, Math.max(0.06, 0.5 + weight / (2 * range)));
    context.fillRect(left + cell * 0.06, top + cell * 0.06, cell * 0.88, cell * 0.88);
    context.globalAlpha = 1;
  });
}

// A pile of images with one digit on top.
export function pile(pen, x, y, side, digit) {
  const { context, colors } = pen;
  const tile = side * 0.76;
  for (const back of [0.24, 0.12, 0]) {
    const place = { x: x + side * back, y: y + side * (0.24 - back), w: tile, h: tile };
    box(pen, place, { fill: "data_tint", stroke: "data", radius: tile / 7, width: Math.max(1, side / 30) });
  }
  context.save();
  context.translate(x, y + side * 0.24);
  context.scale(tile / 32, tile / 32);
  context.lineWidth = 3.2;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = colors.data;
  context.stroke(paths[digit]());
  context.restore();
}

// Ten thin bars: how many images of each digit. `moving` is the digit that is trained on, or -1.
export function bars({ context, colors }, x, y, w, h, counts, most, moving = -1) {
  const pitch = w / counts.length;
  counts.forEach((count, digit) => {
    const height = count ? Math.max(1.5, (h * count) / most) : 0;
    context.fillStyle = colors[digit === moving ? "data" : "data_hatch"];
    context.fillRect(x + pitch * digit + pitch * 0.12, y + h - height, pitch * 0.76, height);
  });
  context.fillStyle = colors.data;
  context.fillRect(x, y + h, w, 1);
}

// A client's trace: one mark a round, the newest last; as many as there is room for.
export function trace(pen, x, y, w, marks, side) {
  const pitch = side * 1.4;
  const room = Math.max(1, Math.floor((w + pitch - side) / pitch));
  [...marks.slice(-room)].forEach((mark, index) => one(pen, x + index * pitch, y, side, mark));
}

function one(pen, x, y, side, mark) {
  const place = { x, y, w: side, h: side };
  if (mark === "a" || mark === "n") box(pen, place, { fill: "weights", radius: side / 5 });
  if (mark === "x") cross(pen, x, y, side, "fault");
  if (mark === "m") box(pen, place, { stroke: "fault", radius: side / 2, width: Math.max(1, side / 5) });
  if (mark === "-") line(pen, [[x + side * 0.15, y + side / 2], [x + side * 0.85, y + side / 2]], { color: "faint", width: side / 5 });
}

export function cross(pen, x, y, side, color) {
  const look = { color, width: Math.max(1.5, side / 5) };
  line(pen, [[x, y], [x + side, y + side]], look);
  line(pen, [[x + side, y], [x, y + side]], look);
}

// Two rack units.
export function rack(pen, x, y, side) {
  const { context, colors } = pen;
  for (const top of [y, y + side * 0.5]) {
    const place = { x, y: top, w: side, h: side * 0.42 };
    box(pen, place, { stroke: "muted", radius: side / 10, width: Math.max(1.5, side / 15) });
    context.fillStyle = colors.muted;
    context.fillRect(x + side * 0.18, top + side * 0.15, side * 0.12, side * 0.12);
    context.fillRect(x + side * 0.5, top + side * 0.18, side * 0.3, side * 0.06);
  }
}
