// The record of one run: its events, the state after any number of them, and where its rounds end.

import { EventList } from "./event_list.js";
import { parsed } from "./events.js";
import { after, copyOf, emptyRun } from "./run.js";

const STEP = 2000; // events between two states that are kept
const MOST_KEPT = 32;
const PIECE = 1 << 15; // characters that are parsed at a time: a larger text stays in memory for long

export class Record {
  constructor() {
    this.about = { name: "", settings: {}, digits: null, history: [] };
    this.look = {}; // what is known of the run, besides its lines: see `doing` in words.js; and a `fault`
    this.restart("");
  }

  // Forget everything: another file has come.
  restart(generation) {
    this.generation = generation;
    this.position = 0; // bytes of the file that have come
    this.decoder = new TextDecoder();
    this.rest = ""; // of a line that is not whole yet
    this.events = new EventList();
    this.ends = []; // by round, after how many events it is on record
    this.damaged = 0;
    this.kept = [{ count: 0, run: emptyRun() }];
    this.step = STEP;
    this.run = emptyRun();
    this.shown = 0; // of the events, how many `run` has seen
  }

  takeBytes(bytes) {
    this.position += bytes.length;
    this.takeText(this.decoder.decode(bytes, { stream: true }));
  }

  // Lines end with \n; other characters that end lines elsewhere are in them.
  takeText(text) {
    for (let at = 0; at < text.length; at += PIECE) {
      const lines = (this.rest + text.slice(at, at + PIECE)).split("\n");
      this.rest = lines.pop();
      for (const line of lines) this.take(parsed(line));
    }
  }

  take(event) {
    if (!event) {
      this.damaged += 1;
      return;
    }
    this.events.push(event);
    if (event.what === "started") this.ends = [];
    if (event.what === "evaluated") this.ends[event.round] = this.events.length;
  }

  // The rows of history.csv, where there are no events.
  takeHistory(rows) {
    let seconds = 0;
    for (const { seconds: took, ...row } of rows) {
      seconds += took;
      this.take({ what: "evaluated", seconds, at: 0, took, ...row });
    }
  }

  // Move to the state after `count` events, and return it.
  show(count) {
    const goal = Math.min(Math.max(count, 0), this.events.length);
    if (goal < this.shown || goal > this.shown + this.step) this.jump(goal);
    while (this.shown < goal) {
      after(this.run, this.events.at(this.shown));
      this.shown += 1;
      if (this.shown % this.step === 0) this.keep();
    }
    return this.run;
  }

  jump(goal) {
    const nearest = this.kept.findLast((state) => state.count <= goal);
    if (goal > this.shown && nearest.count <= this.shown) return;
    this.run = copyOf(nearest.run);
    this.shown = nearest.count;
  }

  keep() {
    if (this.kept.at(-1).count >= this.shown) return;
    this.kept.push({ count: this.shown, run: copyOf(this.run) });
    if (this.kept.length <= MOST_KEPT) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.step *= 2;
  }

  // Whether the run itself is over, whatever moment is shown.
  get isOver() {
    return ["finished", "stopped"].includes(this.events.at(-1)?.what);
  }

  // Where in the run `count` events are: in a round, and how far in it, from 0 to 1.
  place(count) {
    const round = this.ends.findIndex((end) => end >= count);
    const [first, last] = this.bounds(round);
    return { round: round < 0 ? this.ends.length : round, part: last > first ? (count - first) / (last - first) : 1 };
  }

  // The number of events at that place: another run's, say.
  countAt({ round, part }) {
    const [first, last] = this.bounds(round);
    return Math.round(first + part * (last - first));
  }

  bounds(round) {
    const known = round >= 0 && round < this.ends.length;
    return known ? [this.ends[round - 1] ?? 0, this.ends[round]] : [this.ends.at(-1) ?? 0, this.events.length];
  }

  // The moment that an address names: #round=3 (when it is on record), #event=68; null if it names none.
  moment(hash) {
    const { round, event } = hash.match(/^#(?:round=(?<round>\d+)|event=(?<event>\d+))$/)?.groups ?? {};
    if (round) return this.ends[Math.min(round, this.ends.length - 1)] ?? null;
    return event ? Math.min(event, this.events.length) : null;
  }
}
