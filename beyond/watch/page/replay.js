// How a run is played: how long it waits before the next event, and what it says meanwhile.

import { span } from "./words.js";

const LONGEST = 5; // seconds; a longer pause is told, and not waited for
// What is worth a look, in seconds at the speed at which it happened.
const HOLDS = { averaged: 1.8, left_out: 1.2, missing: 1.2, resumed: 1.2 };

// {wait: seconds before event `index` is shown, passed: what has passed in words, "" if that is little}.
export function pauseBefore(events, index, speed) {
  if (!index) return { wait: 0, passed: "" };
  const [before, next] = [events.at(index - 1), events.at(index)];
  const clock = before.at && next.at ? (next.at - before.at) / 1000 : 0;
  const gap = Math.max(0, next.seconds - before.seconds); // a stopped run's seconds do not count
  const passed = Math.max(gap, next.what === "resumed" ? clock : 0);
  const wait = Math.min(gap, LONGEST) / speed;
  const hold = (HOLDS[before.what] ?? 0) / Math.sqrt(speed);
  return { wait: Math.max(wait, hold), passed: passed > LONGEST ? `${span(passed)} pass` : "" };
}

export class Player {
  // `step(count)` shows a moment; `ended()` is called at the last one; `told(text)` says what passes.
  constructor(record, { step, ended, told }) {
    Object.assign(this, { record, step, ended, told, timer: null, speed: 1, began: 0 });
  }

  get plays() {
    return this.timer !== null;
  }

  start() {
    if (this.record.shown === this.record.events.length) this.step(1);
    this.next();
  }

  next() {
    const { events, shown } = this.record;
    clearTimeout(this.timer);
    if (shown >= events.length) {
      this.stop();
      this.ended();
      return;
    }
    const { wait, passed } = pauseBefore(events, shown, this.speed);
    this.told(passed);
    this.began = performance.now();
    this.timer = setTimeout(() => {
      this.step(shown + 1);
      this.next();
    }, 1000 * wait);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.told("");
  }

  hurry(speed) {
    this.speed = speed;
    if (this.plays) this.next();
  }

  // The seconds of the run that have passed since the moment that is shown.
  get since() {
    return this.plays ? Math.min(LONGEST, (this.speed * (performance.now() - this.began)) / 1000) : 0;
  }
}
