// Draws a chart with Plotly: its own bundle, so that no page pays for it that shows none.
import Plotly from "plotly.js-basic-dist-min";

const TRACES = {
  line: { type: "scatter", mode: "lines+markers" },
  bar: { type: "bar" },
  scatter: { type: "scatter", mode: "markers" },
  histogram: { type: "histogram" },
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star"];

export async function draw(place, chart, columns, drawn, colours, words) {
  const data = drawn.series.map((one, at) => trace(chart, one, at, colours));
  const axis = (column) => ({ title: { text: plain(column) }, gridcolor: colours.line, linecolor: colours.line, zerolinecolor: colours.line, automargin: true });
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colours.ink },
    margin: { t: 12, r: 12, b: 48, l: 56 },
    height: 340,
    showlegend: chart.group !== null,
    legend: { orientation: "h", y: -0.25 },
    barmode: "group",
    xaxis: { ...axis(columns[chart.x].name), ...(chart.kind === "bar" ? { type: "category" } : {}) },
    yaxis: axis(chart.y === null ? "rows" : columns[chart.y].name),
  };
  await Plotly.react(place, data, layout, { displayModeBar: false, responsive: true, showLink: false });
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", words);
}

// Colour is never alone: lines differ by their dashes, points by their form.
function trace(chart, one, at, colours) {
  const color = colours.ways[at % colours.ways.length];
  const base = { ...TRACES[chart.kind], name: plain(one.name), x: one.x.map(plain), marker: { color, symbol: SYMBOLS[at % SYMBOLS.length] } };
  if (chart.kind === "histogram") return base;
  return { ...base, y: one.y, line: { color, width: 2, dash: DASHES[at % DASHES.length] } };
}

// The library reads some markup in texts: of a value it stays text.
function plain(value) {
  return typeof value === "string" ? value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") : value;
}
