// The points of a chart out of the rows of an answer. Decimals come as text; what is no number is left out and counted.
const MOST_GROUPS = 12;
const number = (value) => (value === null || value === "" || typeof value === "boolean" ? NaN : Number(value));
const word = (value) => (value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));

export function series(chart, columns, rows) {
  const groups = new Map();
  let left = 0;
  for (const row of rows) {
    const point = pointOf(chart, columns, row);
    if (point === null) {
      left++;
      continue;
    }
    let name = chart.group === null ? "" : word(row[chart.group]);
    if (!groups.has(name) && groups.size >= MOST_GROUPS) name = "others";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(point);
  }
  return { left, series: [...groups].map(([name, points]) => ({ name, ...ordered(chart.kind, points) })) };
}

function pointOf(chart, columns, row) {
  if (chart.kind === "histogram") return Number.isFinite(number(row[chart.x])) ? [number(row[chart.x]), 0] : null;
  const y = number(row[chart.y]);
  const plain = ["integer", "decimal", "float"].includes(columns[chart.x].type);
  const x = plain && chart.kind !== "bar" ? number(row[chart.x]) : word(row[chart.x]);
  return Number.isFinite(y) && (typeof x === "string" || Number.isFinite(x)) ? [x, y] : null;
}

// Bars of one name are added up; a line goes from left to right.
function ordered(kind, points) {
  let found = points;
  if (kind === "bar") {
    const sums = new Map();
    for (const [x, y] of points) sums.set(x, (sums.get(x) ?? 0) + y);
    found = [...sums];
  }
  if (kind === "line") found = [...points].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return { x: found.map((point) => point[0]), y: found.map((point) => point[1]) };
}

// One sentence that tells what the picture shows.
export function described(label, chart, columns, drawn) {
  const points = drawn.series.reduce((sum, one) => sum + one.x.length, 0);
  if (!points) return "There is no number to draw: choose other columns.";
  const values = drawn.series.flatMap((one) => (chart.kind === "histogram" ? one.x : one.y));
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const what = chart.kind === "histogram" ? columns[chart.x].name : `${columns[chart.y].name} by ${columns[chart.x].name}`;
  const groups = chart.group === null ? "" : `, in ${drawn.series.length} colours by ${columns[chart.group].name}`;
  return `${label}: ${what}, ${points} points from ${low} to ${high}${groups}.`;
}
