// <query-editor>: CodeMirror in place of the text field. What will be masked is said before anything runs.
import { autocompletion } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { PostgreSQL, StandardSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { EditorView, basicSetup } from "codemirror";
import { Drafts } from "./console-drafts.js";

const PAUSE = 450;
const LANGUAGES = { documents: () => json(), oltp: () => sql({ dialect: PostgreSQL }) };
const languageOf = (source) => (LANGUAGES[source] ?? (() => sql({ dialect: StandardSQL })))();

// The editor's own styles stand outside the layers and would win over them, so its colours are set here.
const look = EditorView.theme({
  "&": { backgroundColor: "var(--panel)", color: "var(--ink)", fontSize: "13px" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderColor: "var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": { backgroundColor: "var(--accent-soft) !important" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--hover)", color: "inherit" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-fill)", color: "var(--on-accent)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
});
const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--busy)" },
  { tag: tags.propertyName, color: "var(--personal)" },
  { tag: tags.comment, color: "var(--muted)" },
]));

class QueryEditor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.area = this.querySelector("textarea");
    this.source = this.querySelector("select");
    this.line = this.querySelector("[data-explanation]");
    this.mount();
    this.drafts = new Drafts(this.querySelector("[data-drafts]"), () => this.now(), (draft) => this.put(draft));
    const tidy = this.querySelector("[data-tidy]");
    tidy.hidden = false;
    tidy.addEventListener("click", () => this.tidy());
    this.source.addEventListener("change", () => this.mount());
    this.form.addEventListener("change", (event) => event.target !== this.area && this.changed());
    this.form.addEventListener("submit", () => this.keep());
    this.addEventListener("keydown", (event) => this.pressed(event), { capture: true });
    this.explain();
  }

  mount() {
    const text = this.view?.state.doc.toString() ?? this.area.value;
    this.view?.destroy();
    this.view = new EditorView({
      doc: text,
      extensions: [
        look,
        colours,
        basicSetup,
        languageOf(this.source.value),
        EditorView.lineWrapping,
        EditorView.cspNonce.of(document.querySelector("meta[name=csp-nonce]")?.content ?? ""),
        EditorView.contentAttributes.of({ "aria-label": "Query" }),
        EditorView.updateListener.of((update) => update.docChanged && this.changed()),
        autocompletion({ override: [(context) => this.names(context)] }),
      ],
    });
    this.area.hidden = true;
    this.area.required = false; // a hidden field that is required would stop the form without a word
    this.area.after(this.view.dom);
  }

  pressed(event) {
    if (event.altKey && event.shiftKey && event.code === "KeyF") {
      event.preventDefault();
      this.tidy();
    }
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    this.form.requestSubmit();
  }

  keep() {
    this.area.value = this.view.state.doc.toString();
    this.drafts?.keep();
  }

  now() {
    return { source: this.source.value, text: this.view.state.doc.toString() };
  }

  put({ source, text }) {
    if ([...this.source.options].some((option) => option.value === source)) this.source.value = source;
    this.write(text);
    this.mount();
    this.changed();
  }

  write(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  async tidy() {
    this.keep();
    const answer = await fetch(this.getAttribute("tidy"), { method: "POST", body: new FormData(this.form) });
    if (answer.ok) this.write((await answer.json()).text);
    this.view.focus();
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.explain(), PAUSE);
  }

  async explain() {
    this.keep();
    this.asked?.abort();
    this.asked = new AbortController();
    const body = new FormData(this.form);
    try {
      const answer = await fetch(this.getAttribute("explain"), { method: "POST", body, signal: this.asked.signal });
      if (!answer.ok) return;
      this.line.innerHTML = await answer.text(); // our own server's markup; the policy refuses scripts
      this.fields(this.line.querySelector("template[data-fields]"));
    } catch (error) {
      if (error.name !== "AbortError") this.line.textContent = "The portal does not answer just now.";
    }
  }

  // The fields of parameters stay while the text has the same ones: somebody may be typing in them.
  fields(template) {
    const place = this.querySelector("[data-parameters]");
    const namesIn = (part) => [...part.querySelectorAll("input")].map((input) => input.name).join(" ");
    if (!template || namesIn(template.content) === namesIn(place)) return;
    place.replaceChildren(...template.content.childNodes);
    place.hidden = !place.querySelector("input");
  }

  async names(context) {
    const word = context.matchBefore(/[\w.$]+/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    const query = new URLSearchParams({ source: this.source.value, prefix: word.text });
    const answer = await fetch(`${this.getAttribute("complete")}?${query}`);
    if (!answer.ok) return null;
    return { from: word.from, options: (await answer.json()).names, validFor: /^[\w.$]*$/ };
  }
}
customElements.define("query-editor", QueryEditor);
