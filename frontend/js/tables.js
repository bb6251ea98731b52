// A table that is wider or higher than its box scrolls inside it: then the keyboard must reach the box.
function reach(box) {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
  if (scrolls && getComputedStyle(box).overflowX !== "visible") {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    const name = box.querySelector("caption")?.textContent.trim();
    box.setAttribute("aria-label", name || box.closest("section")?.querySelector("h2, h3")?.textContent.trim() || "Table");
  } else {
    for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
  }
}

const sizes = new ResizeObserver((entries) => entries.forEach((entry) => reach(entry.target)));

function watch() {
  document.querySelectorAll(".table-wrap").forEach((box) => sizes.observe(box));
}
watch();
document.addEventListener("htmx:afterSettle", watch);
