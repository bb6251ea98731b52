// <result-grid>: follows an execution until it ends, then shows its rows, only those in sight.
import { Heads } from "./console-heads.js";
import { Rows } from "./console-rows.js";
import { element } from "./dom.js";

const HEIGHT = 32;
const SPARE = 12;
const HEADS = 2;
const NUMBERS = new Set(["integer", "decimal", "float"]);
const STEPS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], PageDown: [12, 0], PageUp: [-12, 0], Home: [0, -Infinity], End: [0, Infinity] };

class ResultGrid extends HTMLElement {
  connectedCallback() {
    this.rows = new Rows(this.getAttribute("src"), () => this.draw());
    this.at = { row: 0, column: 0 };
    this.follow();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async follow() {
    let body;
    try {
      body = await this.rows.fetchPage(1);
    } catch {
      this.timer = setTimeout(() => this.follow(), 3000);
      return;
    }
    if (body.status === "queued" || body.status === "running") {
      this.timer = setTimeout(() => this.follow(), 700);
    } else if (this.getAttribute("status") !== body.status) {
      location.reload(); // heads, reasons and counts come with the page
    } else if (body.rows.length) {
      this.show(body);
    }
  }

  show(body) {
    this.columns = body.columns;
    this.rows.begin(body);
    this.all = body.found;
    this.widths = body.columns.map((column, at) => width(column, body.rows, at));
    this.heads = new Heads(body.columns, this.widths, (look) => this.arrange(look));
    this.body = element("div", { class: "grid__body", role: "rowgroup" });
    this.head = element("div", { role: "rowgroup", class: "grid__head" }, ...this.heads.rows);
    this.grid = element("div", { class: "grid", role: "grid", tabindex: 0, "aria-label": "Result", "aria-colcount": body.columns.length }, this.head, this.body);
    this.told = element("p", { class: "grid__told muted", role: "status" });
    const wide = this.widths.reduce((sum, each) => sum + each, 0);
    for (const part of [...this.heads.rows, this.body]) part.style.width = `${wide}px`;
    this.grid.style.maxHeight = `${(this.all + HEADS + 1) * HEIGHT}px`;
    this.grid.addEventListener("scroll", () => this.soon(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.move(event));
    this.replaceChildren(this.grid, this.told);
    this.measure();
  }

  async arrange(look) {
    try {
      if (!(await this.rows.arrange(look))) return;
    } catch (refused) {
      this.heads.refuse(refused.field);
      this.told.textContent = refused.message;
      return;
    }
    this.heads.refuse("");
    this.at.row = 0;
    this.grid.scrollTop = 0;
    this.measure();
    const found = this.rows.total.toLocaleString("en");
    this.told.textContent = this.heads.filtered ? `${found} of ${this.all.toLocaleString("en")} rows match.` : "";
  }

  // The height of all rows, so that the bar at the side tells where one is.
  measure() {
    this.body.style.height = `${this.rows.total * HEIGHT}px`;
    this.grid.setAttribute("aria-rowcount", this.rows.total + HEADS);
    this.draw();
  }

  // Once a frame, however often the wheel turns.
  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  draw() {
    const first = Math.max(0, Math.floor(this.grid.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(this.rows.total, first + Math.ceil((this.grid.clientHeight || 520) / HEIGHT) + 2 * SPARE);
    this.rows.sight(first, last);
    const focused = this.body.contains(document.activeElement);
    const rows = [];
    for (let number = first; number < last; number++) rows.push(this.row(number));
    this.body.replaceChildren(...rows);
    // The cell that had the focus was replaced: the keyboard goes on from its twin.
    if (focused) (this.body.querySelector('[tabindex="0"]') ?? this.grid).focus({ preventScroll: true });
  }

  row(number) {
    const row = element("div", { role: "row", class: "grid__row", "aria-rowindex": number + HEADS + 1 });
    row.style.top = `${number * HEIGHT}px`;
    const values = this.rows.at(number);
    this.columns.forEach((column, at) => {
      const value = values?.[at];
      const classes = [column.masked && "masked", NUMBERS.has(column.type) && "num", value === null && "muted"];
      const here = number === this.at.row && at === this.at.column;
      const cell = element("div", { role: "gridcell", class: classes.filter(Boolean).join(" "), "aria-colindex": at + 1, tabindex: here ? 0 : -1 }, text(value));
      cell.style.width = `${this.widths[at]}px`;
      row.append(cell);
    });
    return row;
  }

  move(event) {
    const step = STEPS[event.key];
    if (!step || event.target.closest("button, input")) return;
    event.preventDefault();
    const down = event.ctrlKey && step[0] === 0 ? step[1] : step[0]; // Ctrl with Home and End: the first and last row
    this.at.row = within(this.at.row + down, this.rows.total);
    this.at.column = within(this.at.column + step[1], this.columns.length);
    const top = this.at.row * HEIGHT;
    const room = this.grid.clientHeight - this.head.offsetHeight - HEIGHT;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top > this.grid.scrollTop + room) this.grid.scrollTop = top - room;
    this.draw();
    this.body.querySelector('[tabindex="0"]')?.focus();
  }
}

function within(number, count) {
  return Math.max(0, Math.min(count - 1, number));
}

function text(value) {
  if (value === undefined) return "…";
  if (value === null) return "null";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function width(column, rows, at) {
  const longest = rows.slice(0, 100).reduce((most, row) => Math.max(most, text(row[at]).length), column.name.length + 4);
  return Math.min(420, Math.max(120, longest * 8 + 28));
}
customElements.define("result-grid", ResultGrid);
