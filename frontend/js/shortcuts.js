// `g` then a letter goes to an area, `j` and `k` walk through a list, `?` shows all of it.
import { element, icon, writes } from "./dom.js";

const WAIT_MS = 1200;
const ROWS = "main .table tbody tr, main .list > *, main .result, main .needs__item";
let afterG = 0;

function areas() {
  return [...document.querySelectorAll(".nav__link[data-key]")].filter((link) => link.dataset.key);
}

function go(key) {
  const link = areas().find((area) => area.dataset.key === key);
  if (link) location.assign(link.href);
}

function walk(step) {
  const links = [...document.querySelectorAll(ROWS)].map((row) => row.querySelector("a.identity__name") ?? row.querySelector("a[href], button")).filter(Boolean);
  if (!links.length) return;
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(at + step, links.length - 1))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

class ShortcutHelp extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("click", (event) => event.target.closest?.("[data-shortcuts]") && this.open());
  }

  open() {
    const close = element("button", { class: "button button--quiet button--square", type: "button", "aria-label": "Close" }, icon("close"));
    const rows = [["Search everything", ["Ctrl", "K"]], ["Search everything", ["/"]]];
    for (const area of areas()) rows.push([`Go to ${area.querySelector(".nav__word").textContent}`, ["g", area.dataset.key]]);
    rows.push(["Next, previous in a list", ["j", "k"]], ["Run the query in the editor", ["Ctrl", "Enter"]], ["Close what is open", ["Esc"]], ["This list", ["?"]]);
    const list = element("dl", {}, ...rows.flatMap(([what, keys]) => [element("dt", {}, what), element("dd", {}, ...keys.map((key) => element("kbd", { class: "kbd" }, key)))]));
    const dialog = element("dialog", { class: "shortcuts", "aria-labelledby": "shortcuts-title" },
      element("div", { class: "shortcuts__head" }, element("h2", { id: "shortcuts-title" }, "Keyboard shortcuts"), close), list);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    this.append(dialog);
    document.querySelectorAll("[popover]:popover-open").forEach((open) => open.hidePopover());
    dialog.showModal();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target) || document.querySelector("dialog[open]")) return;
    if (afterG && Date.now() - afterG < WAIT_MS) {
      afterG = 0;
      return go(event.key);
    }
    afterG = event.key === "g" ? Date.now() : 0;
    if (event.key === "?") this.open();
    if (event.key === "j") walk(1);
    if (event.key === "k") walk(-1);
  }
}
customElements.define("shortcut-help", ShortcutHelp);
