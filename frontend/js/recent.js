// The objects whose pages were opened last, for the empty palette. They stay in this browser and go at sign-out.
const KEEP = 8;
const key = `recent:${document.body.dataset.user ?? ""}`;
const PICTURES = { catalog: "table", queries: "query", pipelines: "pipeline", compliance: "request", models: "model", runs: "run" };

export function recent() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return []; // storage is off or holds something else: no recent objects, nothing worse
  }
}

function remember() {
  const [area, object] = location.pathname.split("/").filter(Boolean);
  const title = document.querySelector("main h1")?.textContent.trim();
  if (!object || !title || !(area in PICTURES) || document.querySelector("main .problem")) return;
  const visit = { kind: PICTURES[area], title, path: area, url: location.pathname, why: "" };
  const visits = [visit, ...recent().filter((one) => one.url !== visit.url)].slice(0, KEEP);
  try {
    localStorage.setItem(key, JSON.stringify(visits));
  } catch {
    // storage is off or full
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-sign-out]")) localStorage.removeItem(key);
});
if (document.body.dataset.user) remember();
