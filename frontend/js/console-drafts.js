// Several texts in one console, as tabs. They stay in this browser's tab alone and go with it, or at sign-out.
import { element } from "./dom.js";

const key = `drafts:${document.body.dataset.user ?? ""}`;
const MOST = 9;

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(key));
    return Array.isArray(found?.list) && found.list.length ? found : null;
  } catch {
    return null; // storage is off or holds something else: one text, nothing worse
  }
}

export class Drafts {
  // `now()` tells { source, text } of the editor, `put` writes them into it.
  constructor(place, now, put) {
    Object.assign(this, { place, now, put });
    const first = now();
    const before = kept();
    this.list = before ? before.list : [first];
    this.at = before ? Math.min(before.at, this.list.length - 1) : 0;
    if (before && first.text.trim()) this.list[this.at] = first; // the page came with a text of its own
    else if (before) put(this.list[this.at]);
    this.draw();
  }

  keep() {
    this.list[this.at] = this.now();
    try {
      sessionStorage.setItem(key, JSON.stringify({ at: this.at, list: this.list }));
    } catch {
      // storage is off or full
    }
  }

  open(at) {
    this.keep();
    this.at = (at + this.list.length) % this.list.length;
    this.put(this.list[this.at]);
    this.keep();
    this.draw();
    this.place.querySelector('[aria-selected="true"]')?.focus();
  }

  add() {
    if (this.list.length >= MOST) return;
    this.keep();
    this.list.push({ source: this.now().source, text: "" });
    this.open(this.list.length - 1);
  }

  close() {
    this.list.splice(this.at, 1);
    this.at = Math.max(0, this.at - 1);
    this.put(this.list[this.at]);
    this.keep();
    this.draw();
  }

  draw() {
    const tabs = this.list.map((draft, at) => {
      const here = at === this.at;
      const tab = element("button", { type: "button", role: "tab", "aria-selected": String(here), tabindex: here ? 0 : -1 }, title(draft, at));
      tab.addEventListener("click", () => this.open(at));
      return tab;
    });
    const row = element("div", { class: "tabs", role: "tablist", "aria-label": "Texts" }, ...tabs);
    row.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.open(this.at + step);
    });
    const add = element("button", { type: "button", class: "button button--quiet", "aria-label": "New text" }, "+");
    add.addEventListener("click", () => this.add());
    const close = element("button", { type: "button", class: "button button--quiet", "aria-label": "Close this text" }, "×");
    close.addEventListener("click", () => this.close());
    add.disabled = this.list.length >= MOST;
    close.disabled = this.list.length < 2;
    this.place.replaceChildren(row, add, close);
    this.place.hidden = false;
  }
}

function title(draft, at) {
  const words = draft.text.trim().replace(/\s+/g, " ");
  return words ? `${at + 1}: ${words.length > 24 ? `${words.slice(0, 23)}…` : words}` : `${at + 1}: empty`;
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-sign-out]")) sessionStorage.removeItem(key);
});
