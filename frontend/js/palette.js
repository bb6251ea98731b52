// Ctrl-K or `/`: objects, areas and actions, fed by the server with what this person may see.
// <command-palette src="/palette/"> answers {"groups": [{"name", "items": [{"kind", "title", "path", "url", "why"}]}]}.
import { element, icon, writes } from "./dom.js";
import { recent } from "./recent.js";

const PAUSE_MS = 120;

class CommandPalette extends HTMLElement {
  #options = [];
  #here = 0;
  #asked = 0;
  #timer;

  connectedCallback() {
    this.list = element("div", { class: "palette__list", id: "palette-list", role: "listbox", "aria-label": "Results" });
    this.input = element("input", {
      class: "palette__input", type: "text", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list",
      "aria-controls": "palette-list", "aria-label": "Search everything", placeholder: "Search, or go to…",
      autocomplete: "off", spellcheck: "false",
    });
    this.said = element("p", { class: "sr", role: "status" });
    this.dialog = element("dialog", { class: "palette", "aria-label": "Search" },
      element("div", { class: "palette__field" }, icon("search"), this.input, element("kbd", { class: "kbd" }, "Esc")),
      this.list, this.said,
      element("div", { class: "palette__foot", "aria-hidden": "true" },
        element("span", {}, element("kbd", { class: "kbd" }, "↑"), element("kbd", { class: "kbd" }, "↓"), "choose"),
        element("span", {}, element("kbd", { class: "kbd" }, "↵"), "open"),
        element("span", {}, element("kbd", { class: "kbd" }, "Ctrl ↵"), "all results")));
    this.append(this.dialog);
    this.input.addEventListener("input", () => this.#later());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.list.addEventListener("pointermove", (event) => this.#hover(event));
    document.addEventListener("keydown", (event) => this.#shortcut(event));
    document.addEventListener("click", (event) => {
      const opener = event.target.closest?.("[data-palette]");
      if (!opener || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.open();
    });
  }

  open() {
    if (this.dialog.open) return;
    this.input.value = "";
    this.dialog.showModal();
    this.input.focus();
    this.#ask();
  }

  #shortcut(event) {
    const palette = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !writes(event.target);
    if (!palette && !slash) return;
    if (slash && document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.open();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    const turn = ++this.#asked;
    const text = this.input.value.trim();
    try {
      const answer = await fetch(`${this.getAttribute("src")}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      if (turn !== this.#asked) return; // an older question answered late
      if (!answer.ok) throw new Error(String(answer.status));
      const { groups } = await answer.json();
      this.#show(text ? groups : [{ name: "Recent", items: recent() }, ...groups], text);
    } catch {
      if (turn === this.#asked) this.list.replaceChildren(element("p", { class: "palette__none" }, "Search does not answer. Try again, or reload the page."));
    }
  }

  #show(groups, text) {
    this.#options = [];
    const blocks = groups.filter((group) => group.items.length).map((group, g) => {
      const id = `palette-group-${g}`;
      const items = group.items.map((item) => this.#option(item));
      return element("div", { role: "group", "aria-labelledby": id }, element("div", { class: "palette__group", id, role: "presentation" }, group.name), ...items);
    });
    const count = this.#options.length;
    const none = element("p", { class: "palette__none" }, `Nothing you may see matches “${text}”. Names, paths, columns and descriptions are searched.`);
    this.list.replaceChildren(...(count ? blocks : [none]));
    this.said.textContent = count ? `${count} results` : "No results";
    this.#move(0);
  }

  #option(item) {
    const option = element("a", { class: "palette__option", role: "option", id: `palette-option-${this.#options.length}`, href: item.url, tabindex: "-1", "aria-selected": "false" },
      icon(item.kind), element("span", { class: "palette__name" }, item.title), element("span", { class: "palette__path" }, item.path),
      item.why && element("span", { class: "palette__why" }, item.why));
    this.#options.push(option);
    return option;
  }

  #move(to) {
    this.#options[this.#here]?.setAttribute("aria-selected", "false");
    this.#here = Math.max(0, Math.min(to, this.#options.length - 1));
    const option = this.#options[this.#here];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  #hover(event) {
    const at = this.#options.indexOf(event.target.closest("[role=option]"));
    if (at >= 0 && at !== this.#here) this.#move(at);
  }

  #key(event) {
    const last = this.#options.length - 1;
    const moves = { ArrowDown: this.#here >= last ? 0 : this.#here + 1, ArrowUp: this.#here <= 0 ? last : this.#here - 1, PageDown: this.#here + 8, PageUp: this.#here - 8 };
    if (event.key in moves) {
      event.preventDefault();
      this.#move(moves[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) location.assign(`/search/?q=${encodeURIComponent(this.input.value.trim())}`);
      else this.#options[this.#here]?.click();
    } else if (event.key === "Tab") {
      event.preventDefault(); // the dialog holds one field; leaving it is Esc
    }
  }
}
customElements.define("command-palette", CommandPalette);
