// The two head rows of a result: a button a column that sorts, and a field that filters.
import { element, icon } from "./dom.js";

const PAUSE_MS = 300;
const HINTS = { number: "contains, >=10, <5, =3", moment: "contains, >=2025-03-01", other: "contains, =exactly" };
const NUMBERS = new Set(["integer", "decimal", "float"]);
const MOMENTS = new Set(["date", "timestamp"]);

export class Heads {
  // `changed` is told whenever another look is wanted; `widths` are pixels.
  constructor(columns, widths, changed) {
    this.columns = columns;
    this.changed = changed;
    this.sort = null; // a column by its number, from 0
    this.descending = false;
    this.heads = columns.map((column, at) => this.head(column, at, widths[at]));
    this.fields = columns.map(field);
    const cells = this.fields.map((one, at) => {
      const cell = element("div", { role: "gridcell", class: "grid__filter", "aria-colindex": at + 1 }, one);
      cell.style.width = `${widths[at]}px`;
      return cell;
    });
    this.rows = [
      element("div", { role: "row", class: "grid__row grid__row--head", "aria-rowindex": 1 }, ...this.heads),
      element("div", { role: "row", class: "grid__row grid__row--head", "aria-rowindex": 2 }, ...cells),
    ];
    this.rows[1].addEventListener("input", () => this.soon(PAUSE_MS));
    this.rows[1].addEventListener("keydown", (event) => this.key(event));
  }

  head(column, number, width) {
    const button = element("button", { class: "grid__sort", type: "button", title: `${column.name} (${column.type || "unknown"})` }, column.name || "(no name)");
    button.addEventListener("click", () => this.turn(number));
    const cell = element("div", { role: "columnheader", "aria-colindex": number + 1, "aria-sort": "none" }, button);
    cell.style.width = `${width}px`;
    if (column.masked) cell.append(lock(column));
    return cell;
  }

  // Upwards, downwards, as the rows came.
  turn(number) {
    const again = this.sort === number;
    this.sort = again && this.descending ? null : number;
    this.descending = again && !this.descending;
    this.heads.forEach((head, at) => {
      head.setAttribute("aria-sort", at !== this.sort ? "none" : this.descending ? "descending" : "ascending");
    });
    this.soon(0);
  }

  soon(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed(this.look()), pause);
  }

  key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.soon(0);
    } else if (event.key === "Escape" && event.target.value) {
      event.preventDefault();
      event.target.value = "";
      this.soon(0);
    }
  }

  // As the address of a page of rows goes on.
  look() {
    const query = new URLSearchParams();
    if (this.sort !== null) query.set("sort", this.sort);
    if (this.descending) query.set("desc", 1);
    for (const one of this.fields) if (one.value) query.set(one.name, one.value);
    const told = query.toString();
    return told && `&${told}`;
  }

  get filtered() {
    return this.fields.some((one) => one.value);
  }

  // Marks the field that could not be understood; none if all could.
  refuse(name) {
    for (const one of this.fields) one.toggleAttribute("aria-invalid", false);
    this.fields.find((one) => one.name === name)?.setAttribute("aria-invalid", "true");
  }
}

function field(column, number) {
  const kind = NUMBERS.has(column.type) ? "number" : MOMENTS.has(column.type) ? "moment" : "other";
  const name = column.name || `column ${number + 1}`;
  return element("input", { class: "grid__field", name: `filter.${number}`, "aria-label": `Filter ${name}: ${HINTS[kind]}`, placeholder: HINTS[kind], autocomplete: "off", spellcheck: "false", maxlength: 200 });
}

function lock(column) {
  const button = element("button", { class: "lock", type: "button", "aria-label": `Masked: ${column.reason}`, "data-tip": column.reason });
  button.append(icon("lock"));
  button.addEventListener("click", why); // the reason, and the button to ask for access
  return button;
}

function why() {
  const details = document.getElementById("why");
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "nearest" });
  details.querySelector("button, summary")?.focus();
}
