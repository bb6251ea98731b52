// <result-grid>: follows an execution until it ends, then shows its rows, only those in sight, fetched in pages.
import { element, icon } from "./dom.js";

const HEIGHT = 32;
const PAGE = 500;
const SPARE = 12;
const NUMBERS = new Set(["integer", "decimal", "float"]);

class ResultGrid extends HTMLElement {
  connectedCallback() {
    this.src = this.getAttribute("src");
    this.pages = new Map();
    this.size = PAGE; // smaller once a page would have been too big in bytes
    this.at = { row: 0, column: 0 };
    this.follow();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async fetchPage(number) {
    const answer = await fetch(`${this.src}?page=${number}&page_size=${this.size}`, { headers: { Accept: "application/json" } });
    return answer.json();
  }

  async follow() {
    let body;
    try {
      body = await this.fetchPage(1);
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
    this.total = body.row_count;
    this.keep(1, body);
    this.widths = body.columns.map((column, at) => width(column, body.rows, at));
    const head = element("div", { role: "row", class: "grid__row grid__row--head", "aria-rowindex": 1 });
    body.columns.forEach((column, at) => head.append(this.head(column, at)));
    this.body = element("div", { class: "grid__body", role: "rowgroup" });
    this.grid = element(
      "div",
      { class: "grid", role: "grid", tabindex: 0, "aria-label": "Result", "aria-rowcount": this.total + 1, "aria-colcount": body.columns.length },
      element("div", { role: "rowgroup", class: "grid__head" }, head),
      this.body,
    );
    const wide = this.widths.reduce((sum, each) => sum + each, 0);
    for (const part of [head, this.body]) part.style.width = `${wide}px`;
    this.body.style.height = `${this.total * HEIGHT}px`;
    this.grid.style.maxHeight = `${(this.total + 2) * HEIGHT}px`;
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.move(event));
    this.replaceChildren(this.grid);
    this.draw();
  }

  head(column, at) {
    const cell = element("div", { role: "columnheader", "aria-colindex": at + 1, title: column.type }, element("span", {}, column.name));
    cell.style.width = `${this.widths[at]}px`;
    if (column.masked) {
      const lock = element("button", { class: "lock", type: "button", "aria-label": `Masked: ${column.reason}`, "data-tip": column.reason });
      lock.append(icon("lock"));
      lock.addEventListener("click", () => why()); // the reason, and the button to ask for access
      cell.append(lock);
    }
    return cell;
  }

  draw() {
    const first = Math.max(0, Math.floor(this.grid.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(this.total, first + Math.ceil((this.grid.clientHeight || 520) / HEIGHT) + 2 * SPARE);
    const rows = [];
    for (let number = first; number < last; number++) rows.push(this.row(number));
    this.body.replaceChildren(...rows);
  }

  row(number) {
    const row = element("div", { role: "row", class: "grid__row", "aria-rowindex": number + 2 });
    row.style.top = `${number * HEIGHT}px`;
    const values = this.values(number);
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

  values(number) {
    const page = Math.floor(number / this.size) + 1;
    const rows = this.pages.get(page);
    if (rows === undefined) {
      const asked = this.size;
      this.pages.set(page, null);
      this.fetchPage(page).then((body) => {
        if (asked === this.size) this.keep(page, body); // else another answer has made the pages smaller meanwhile
        this.draw();
      }, () => this.pages.delete(page));
    }
    return rows?.[number % this.size];
  }

  // `next` says in which size the rows go on; that size divides the one that was asked for.
  keep(page, body) {
    const size = body.next ? Number(new URL(body.next, location.href).searchParams.get("page_size")) : this.size;
    const start = (page - 1) * this.size;
    if (size < this.size) {
      this.size = size;
      this.pages.clear();
    }
    this.pages.set(start / this.size + 1, body.rows);
  }

  move(event) {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], PageDown: [12, 0], PageUp: [-12, 0] }[event.key];
    if (!step || event.target.closest("button")) return;
    event.preventDefault();
    this.at.row = Math.min(this.total - 1, Math.max(0, this.at.row + step[0]));
    this.at.column = Math.min(this.columns.length - 1, Math.max(0, this.at.column + step[1]));
    const top = this.at.row * HEIGHT;
    const room = this.grid.clientHeight - 2 * HEIGHT;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top > this.grid.scrollTop + room) this.grid.scrollTop = top - room;
    this.draw();
    this.body.querySelector('[tabindex="0"]')?.focus();
  }
}

function why() {
  const details = document.getElementById("why");
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "nearest" });
  details.querySelector("button, summary")?.focus();
}

function text(value) {
  if (value === undefined) return "…";
  if (value === null) return "null";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function width(column, rows, at) {
  const longest = rows.slice(0, 100).reduce((most, row) => Math.max(most, text(row[at]).length), column.name.length + 4);
  return Math.min(420, Math.max(90, longest * 8 + 28));
}
customElements.define("result-grid", ResultGrid);
