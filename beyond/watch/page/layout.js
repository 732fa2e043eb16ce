// Where the server, the clients and the lines between them stand, for a width, and a height if that is given.

const BOXES = 20; // clients that have room for words
const LEAST = 0.92; // of the unit: no type is smaller than 11 pixels
const WIDE = 860; // pixels; from there on a row of ten boxes has room
const CELLS = 200; // and for a small picture; more of them are a dot each

// {unit, kind, server, boxes, lines, height}: rectangles {x, y, w, h}, and lines as lists of points [x, y],
// from the server to the client. `unit` scales type and glyphs, and server.unit the server's; with `digits`,
// boxes have room for their bars.
export function layout(width, count, height = 0, digits = true) {
  const kind = count <= BOXES ? "box" : count <= CELLS ? "cell" : "dot";
  const { unit, most } = kind === "box" ? roomiest(width, count, height, digits)
    : { unit: clamp(Math.min(width / 1100, height ? height / 560 : Infinity), LEAST, 1.9) };
  const grid = grids[kind](width, count, unit, digits, most);
  const rows = Math.ceil(count / grid.columns) || 1;
  const used = rows * (grid.h + grid.gap) - grid.gap;
  // What a full screen leaves goes to the server first, and then to the lines.
  const large = height ? clamp(Math.min(width / 600, (height - used - 100 * unit) / 118), unit, 1.9) : unit;
  const w = Math.min(width - 2, 560 * large);
  const server = { x: (width - w) / 2, y: 2, w, h: 118 * large, unit: large };
  const fan = clamp(height - server.h - used - 8, 92 * unit, 240 * unit);
  const top = server.y + server.h + fan;
  const left = (width - grid.columns * (grid.w + grid.gap)) / 2 + grid.gap / 2;
  const boxes = Array.from({ length: count }, (_, index) => ({
    x: left + (index % grid.columns) * (grid.w + grid.gap),
    y: top + Math.floor(index / grid.columns) * (grid.h + grid.gap),
    w: grid.w,
    h: grid.h,
  }));
  const lines = boxes.map((box, index) => route(server, box, index % grid.columns, grid, top));
  return { unit, kind, server, boxes, lines, height: Math.ceil(top + used + 4) };
}

// Boxes in rows of ten or of five. A page has ten if they are legible; a full screen what lets type be larger.
function roomiest(width, count, height, digits) {
  const [ten, five] = [[10, 1100], [5, 600]].map(([most, wide]) => {
    const high = 220 + Math.ceil(count / most) * ((digits ? 164 : 122) + 9); // that all of it takes, at a unit of 1
    return { most, unit: clamp(Math.min(width / wide, height ? height / high : 1.9), LEAST, 1.9) };
  });
  if (height) return five.unit > ten.unit ? five : ten;
  return width >= WIDE ? ten : { ...five, unit: Math.min(five.unit, 1) };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const grids = {
  box(width, count, unit, digits, most) {
    const columns = Math.min(count, most) || 1;
    const gap = width < 600 ? 5 : 9 * unit;
    const w = Math.min((width - 2) / columns - gap, 190 * unit);
    return { columns, gap, w, h: (digits ? 164 : 122) * unit };
  },
  cell(width, count, unit) {
    const gap = 5 * unit;
    const columns = Math.min(count, Math.floor(width / (Math.max(50 * unit, 44) + gap)));
    const w = (width - 2) / columns - gap;
    return { columns, gap, w, h: Math.max(46 * unit, 40) };
  },
  dot(width, count, unit) {
    const pitch = clamp(Math.sqrt((width * 250 * unit) / count), 5, 20 * unit);
    const gap = pitch * 0.3;
    return { columns: Math.floor(width / pitch), gap, w: pitch - gap, h: pitch - gap };
  },
};

// From the server's lower edge to the top of a box; beside the boxes that stand above it.
function route(server, box, column, grid, top) {
  const start = [server.x + (server.w * (column + 0.5)) / grid.columns, server.y + server.h];
  const goal = [box.x + box.w / 2, box.y];
  if (box.y === top) return curve(start, goal);
  const lane = box.x - grid.gap / 2;
  return [...curve(start, [lane, top]), [lane, box.y - grid.gap / 2], [goal[0], box.y - grid.gap / 2], goal];
}

// A cubic Bezier curve that leaves and arrives upright.
function curve([x, y], [toX, toY], steps = 24) {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const t = step / steps;
    const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    const middle = (y + toY) / 2;
    return [x * (a + b) + toX * (c + d), y * a + middle * (b + c) + toY * d];
  });
}

// The point at `part`, from 0 to 1, of the length of a line.
export function along(points, part) {
  const lengths = points.slice(1).map(([x, y], index) => Math.hypot(x - points[index][0], y - points[index][1]));
  let left = part * lengths.reduce((sum, one) => sum + one, 0);
  for (const [index, length] of lengths.entries()) {
    if (left <= length && length) {
      const [[x, y], [toX, toY]] = [points[index], points[index + 1]];
      return [x + ((toX - x) * left) / length, y + ((toY - y) * left) / length];
    }
    left -= length;
  }
  return points.at(-1);
}

// Which client is at a point: the index of its box, or -1.
export function at(boxes, x, y) {
  return boxes.findIndex((box) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h);
}
