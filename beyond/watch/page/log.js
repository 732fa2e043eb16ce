// The newest lines of what has happened in a run.

import { line } from "./words.js";

const LINES = 40;

export class Log {
  constructor(element) {
    [this.name, this.list, this.damaged] = element.children;
  }

  // An empty copy of a log's element, without its ids, for a second run.
  static another(element) {
    const copy = element.cloneNode(true);
    for (const one of copy.children) one.removeAttribute("id");
    return copy;
  }

  // `isOneOf`: whether there are others, so that it says whose lines these are.
  show({ about, events, shown, damaged }, isOneOf) {
    const lines = events.slice(Math.max(0, shown - LINES), shown).reverse().map(line);
    while (this.list.children.length > lines.length) this.list.lastChild.remove();
    while (this.list.children.length < lines.length) this.list.append(document.createElement("li"));
    lines.forEach((said, index) => write(this.list.children[index], said));
    write(this.name, isOneOf ? about.name : "");
    write(this.damaged, damaged ? `Damaged lines of events.jsonl, left out: ${damaged}` : "");
  }
}

function write(element, said) {
  if (element.textContent !== said) element.textContent = said;
}
