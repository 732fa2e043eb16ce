// Where records come from: the page itself, or python -m beyond.watch, which follows the runs' files.

import { Record } from "./record.js";

const AGAIN = 1000; // milliseconds before we ask once more
const SELDOM = 2000; // between two questions when every run is over
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// The records that are in the page, or null.
export async function recordsInside() {
  const element = document.getElementById("record");
  if (!element) return null;
  const bytes = Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()).map(({ about, lines, held, exported }) => {
    const record = new Record();
    record.about = about;
    record.look = { alive: held === false ? false : null, exported };
    record.takeText(lines);
    record.takeHistory(about.history);
    return record;
  });
}

// Keep records of the runs up to date while the page is seen; `told({records, connection, progress})`.
export async function follow(told) {
  const records = [];
  let known = "";
  for (;;) {
    await seen();
    const isOver = records.length && records.every((record) => record.isOver);
    try {
      // What is over may be resumed; meanwhile we keep no connection, of which a browser has six.
      const news = await question(`news?known=${known}&wait=${isOver ? 0 : 20}`);
      while (records.length < news.runs.length) records.push(new Record());
      for (const [number, look] of news.runs.entries()) await catchUp(records[number], number, look, told);
      known = news.version;
      told({ records, connection: "" });
      if (isOver) await pause(SELDOM);
    } catch (error) {
      if (error.name === "AbortError") continue;
      told({ records, connection: error.status === 403
        ? "This address is of an earlier python -m beyond.watch; open the one that it prints now"
        : "The page has lost python -m beyond.watch, and looks for it" });
      known = "";
      await pause(AGAIN);
    }
  }
}

let aborter = null;
document.addEventListener("visibilitychange", () => document.hidden && aborter?.abort());

async function ask(path) {
  aborter = new AbortController();
  const answer = await fetch(path, { signal: aborter.signal });
  if (!answer.ok) throw Object.assign(new Error(path), { status: answer.status });
  return answer;
}

const question = async (path) => (await ask(path)).json();

function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

// What is known of the file counts only with its lines: the server of a finished run lives no longer, either.
async function catchUp(record, number, look, told) {
  await takeNew(record, number, look, told);
  record.look = look;
  record.heard = performance.now();
}

async function takeNew(record, number, look, told) {
  if (look.generation !== record.generation || !look.generation) {
    const about = await question(`about/${number}`);
    if (record.generation || !record.about.name || look.generation) record.restart(look.generation);
    record.about = about;
    record.takeHistory(about.history);
  }
  if (look.size <= record.position) return;
  const path = `lines/${number}?generation=${record.generation}&start=${record.position}`;
  const reader = (await ask(path)).body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    record.takeBytes(value);
    told({ progress: record.position / look.size });
  }
}
