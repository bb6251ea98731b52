// <live-log src="/runs/12/log/">: lines as they are written, by server-sent events.
// Event "line" carries {"at", "level", "step", "text"} and an id to resume after; event "end" carries {"state"}.
// On "end" the element sends `live-log-end`, which bubbles: htmx can refresh what shows the state (hx-trigger="live-log-end from:body").
import { element } from "./dom.js";

const KEEP = 5000;
const NEAR_END_PX = 48;

class LiveLog extends HTMLElement {
  connectedCallback() {
    this.lines = this.querySelector("ol") ?? this.appendChild(element("ol"));
    this.tabIndex = 0; // so that the keyboard can scroll it
    this.setAttribute("role", "log");
    if (!this.hasAttribute("aria-label")) this.setAttribute("aria-label", "Log");
    this.scrollTop = this.scrollHeight;
    if (this.getAttribute("src")) this.#listen();
  }

  disconnectedCallback() {
    this.stream?.close();
  }

  #listen() {
    this.stream = new EventSource(this.getAttribute("src"));
    this.stream.addEventListener("line", (event) => this.#add(JSON.parse(event.data)));
    this.stream.addEventListener("end", (event) => this.#end(event.data));
  }

  #add(line) {
    const follows = this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_END_PX;
    const at = new Date(line.at);
    const text = element("span", { class: "line__text" }, line.step && element("span", { class: "line__step" }, `${line.step}  `), line.text);
    this.lines.append(element("li", { class: `line--${line.level ?? "info"}` }, element("time", { datetime: line.at, title: line.at }, at.toISOString().slice(11, 19)), text));
    while (this.lines.childElementCount > KEEP) this.lines.firstElementChild.remove();
    if (follows) this.scrollTop = this.scrollHeight;
  }

  #end(data) {
    this.stream.close();
    let state = "";
    try {
      state = JSON.parse(data).state ?? "";
    } catch {
      // an end without data is an end too
    }
    if (!this.lines.childElementCount) this.append(element("p", { class: "live-log__end" }, "No lines were written."));
    this.dispatchEvent(new CustomEvent("live-log-end", { bubbles: true, detail: { state } }));
  }
}
customElements.define("live-log", LiveLog);
