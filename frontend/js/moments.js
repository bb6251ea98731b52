// Relative times stay true while the page is open; the exact moment also in the reader's own zone.
const STEPS = [[86400, "d"], [3600, "h"], [60, "min"]];
const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });

function amount(seconds) {
  const [size, unit] = STEPS.find(([step]) => seconds >= step) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

// The same words as portal/desk/wording.py.
function relative(at, now) {
  const seconds = (now - at) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  if (Math.abs(seconds) > 30 * 86400) return null;
  return seconds > 0 ? `${amount(seconds)} ago` : `in ${amount(-seconds)}`;
}

function zoneName(at) {
  return zone.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
}

function refresh() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = relative(at.getTime(), now);
    if (text && text !== time.textContent) time.textContent = text;
    if (!time.dataset.zoned && zoneName(at) !== "UTC") time.title += `\n${local.format(at)} ${zoneName(at)}`;
    time.dataset.zoned = "1";
  }
}
refresh();
setInterval(refresh, 15000);
document.addEventListener("htmx:afterSettle", refresh);
