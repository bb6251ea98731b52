// <result-chart>: a chart of an answer, with its figures as a table. The library that draws comes when one is opened.
import { element } from "./dom.js";
import { described, series } from "./chart-data.js";

const PAGE = 5000;
const MOST = 20000;
const SHOWN = 500;
const NUMBERS = new Set(["integer", "decimal", "float"]);
const KINDS = { line: "Line", bar: "Bars", scatter: "Points", histogram: "Histogram" };

class ResultChart extends HTMLElement {
  connectedCallback() {
    this.details = this.querySelector("details");
    this.place = this.querySelector("[data-place]");
    this.told = this.querySelector("[data-told]");
    this.figures = this.querySelector("[data-figures]");
    this.parts = Object.fromEntries([...this.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.redraw = () => this.details.open && this.show();
    this.details.addEventListener("toggle", this.redraw);
    this.parts.kind.addEventListener("change", () => this.fit());
    for (const part of Object.values(this.parts)) part.addEventListener("change", this.redraw);
    document.addEventListener("themechange", this.redraw);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.redraw);
    this.redraw();
  }

  disconnectedCallback() {
    document.removeEventListener("themechange", this.redraw);
    this.dark.removeEventListener("change", this.redraw);
  }

  // A histogram is of numbers: the one that was drawn upwards, or the first there is.
  fit() {
    const { kind, x, y } = this.parts;
    const isNumber = (option) => NUMBERS.has(option?.dataset.type);
    if (kind.value !== "histogram" || isNumber(x.selectedOptions[0])) return;
    const found = [x.options[y.selectedIndex], ...x.options].find(isNumber);
    if (found) x.value = found.value;
  }

  // Places of columns, as numbers; null for none.
  get chart() {
    const at = (name) => (this.parts[name].value === "" ? null : Number(this.parts[name].value));
    const kind = this.parts.kind.value;
    return { kind, x: at("x"), y: kind === "histogram" ? null : at("y"), group: at("group") };
  }

  async show() {
    this.parts.y.disabled = this.parts.kind.value === "histogram";
    const chart = this.chart;
    this.remember(chart);
    try {
      this.rows ??= this.fetched();
      const { columns, rows, cut } = await this.rows;
      const drawn = series(chart, columns, rows);
      const words = described(KINDS[chart.kind], chart, columns, drawn);
      this.told.textContent = words + (cut ? ` Of the first ${rows.length} rows.` : "") + (drawn.left ? ` ${drawn.left} rows have no number there.` : "");
      this.table(chart, columns, drawn);
      nonced();
      const { draw } = await import(this.dataset.bundle);
      await draw(this.place, chart, columns, drawn, colours(this), words);
    } catch {
      this.rows = undefined;
      this.told.textContent = "The chart could not be drawn: the rows could not be read. Open it again.";
    }
  }

  async fetched() {
    const rows = [];
    let columns = [];
    let next = `${this.getAttribute("src")}?page=1&page_size=${PAGE}`;
    while (next && rows.length < MOST) {
      const answer = await fetch(next, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const body = await answer.json();
      columns = body.columns.map((column, at) => ({ ...column, type: this.parts.x.options[at].dataset.type }));
      rows.push(...body.rows);
      next = body.next;
    }
    return { columns, rows, cut: Boolean(next) };
  }

  // With the address the chart is found again, and with the form it is saved.
  remember(chart) {
    const word = [chart.kind, chart.x, chart.y ?? "", chart.group ?? ""].join(".");
    const here = new URL(location.href);
    here.searchParams.set("chart", word);
    history.replaceState(history.state, "", here);
    const name = (part, at) => (at === null ? "" : this.parts[part].selectedOptions[0].textContent);
    const kept = JSON.stringify({ kind: chart.kind, x: name("x", chart.x), y: name("y", chart.y), group: name("group", chart.group) });
    for (const field of document.querySelectorAll('input[name="chart"]')) field.value = kept;
  }

  table(chart, columns, drawn) {
    const heads = [columns[chart.x].name, ...(chart.y === null ? [] : [columns[chart.y].name]), ...(chart.group === null ? [] : [columns[chart.group].name])];
    const head = element("thead", {}, element("tr", {}, ...heads.map((name) => element("th", { scope: "col" }, name))));
    const body = element("tbody");
    const points = drawn.series.flatMap((one) => one.x.map((x, at) => [x, ...(chart.y === null ? [] : [one.y[at]]), ...(chart.group === null ? [] : [one.name])]));
    for (const point of points.slice(0, SHOWN)) body.append(element("tr", {}, ...point.map((value) => element("td", {}, String(value)))));
    const caption = points.length > SHOWN ? element("caption", {}, `The first ${SHOWN} of ${points.length}`) : null;
    this.figures.querySelector("div").replaceChildren(element("table", { class: "table" }, caption, head, body));
    this.figures.hidden = false;
  }
}

// The library looks for its style sheet by this name and fills it by script; one without the nonce would be refused.
function nonced() {
  if (document.getElementById("plotly.js-style-global")) return;
  const nonce = document.querySelector('meta[name="csp-nonce"]')?.content;
  document.head.append(element("style", { id: "plotly.js-style-global", nonce }));
}

// Colours as they are now: a custom property with light-dark() tells of both.
function colours(place) {
  const probe = element("span", { hidden: true });
  place.append(probe);
  const now = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { ink: now("ink"), muted: now("muted"), line: now("line"), ways: ["accent", "good", "warn", "personal", "busy", "bad", "line-strong"].map(now) };
  probe.remove();
  return found;
}
customElements.define("result-chart", ResultChart);
