// A list of events that has room for a million of them. Nearly all tell that weights went to a client, or came
// from it: of such an event the numbers are kept, in a third of the memory, and it is made again for who asks.

const ROWS = 4096; // of a block
const COMMON = ["seconds", "at", "round", "bytes"];
const KINDS = [
  { what: "sent", columns: COMMON },
  { what: "received", columns: [...COMMON, "took", "images"] },
];
const WEIGHTS = 9;

// Rows of as many numbers each, in blocks: no array has to be copied when it grows.
class Table {
  constructor(width, Numbers) {
    Object.assign(this, { width, Numbers, length: 0, blocks: [] });
  }

  // Return which row it is, from 0 on.
  push(row) {
    const at = (this.length % ROWS) * this.width;
    if (!at) this.blocks.push(new this.Numbers(ROWS * this.width));
    this.blocks.at(-1).set(row, at);
    this.length += 1;
    return this.length - 1;
  }

  at(row) {
    const at = (row % ROWS) * this.width;
    return this.blocks[Math.floor(row / ROWS)].subarray(at, at + this.width);
  }
}

export class EventList {
  constructor() {
    this.entries = []; // an event as it is, or which row of which table has its numbers
    this.tables = KINDS.map(({ columns }) => new Table(columns.length + 2, Float64Array));
    this.weights = new Table(WEIGHTS, Float32Array); // NaN for null
    this.clients = [];
    this.numbers = new Map(); // of the clients
  }

  get length() {
    return this.entries.length;
  }

  push(event) {
    const kind = KINDS.findIndex(({ what }) => what === event.what);
    this.entries.push(kind < 0 ? event : this.tables[kind].push(this.row(event, KINDS[kind])) * KINDS.length + kind);
  }

  // The numbers of an event, which client it is of, and which row has its weights, from 1 on; 0: there are none.
  row(event, { columns }) {
    const { client, name, weights } = event;
    const key = `${client} ${name}`;
    if (!this.numbers.has(key)) this.numbers.set(key, this.clients.push({ client, name }) - 1);
    const row = columns.map((column) => event[column]);
    row.push(this.numbers.get(key), weights ? this.weights.push(weights.map((weight) => weight ?? NaN)) + 1 : 0);
    return row;
  }

  // The event at an index, which counts from the end if it is negative; undefined if there is none.
  at(index) {
    const entry = this.entries.at(index);
    if (typeof entry !== "number") return entry;
    const { what, columns } = KINDS[entry % KINDS.length];
    const row = this.tables[entry % KINDS.length].at(Math.floor(entry / KINDS.length));
    const [client, weights] = row.subarray(columns.length);
    const event = { what, ...this.clients[client] };
    columns.forEach((column, index) => (event[column] = row[index]));
    if (weights) event.weights = Array.from(this.weights.at(weights - 1), (weight) => (Number.isNaN(weight) ? null : weight));
    return event;
  }

  slice(from = 0, to = this.length) {
    const end = Math.min(to, this.length);
    return Array.from({ length: Math.max(0, end - from) }, (_, index) => this.at(from + index));
  }
}
