// Makes an element: element("a", {class: "x", href: "/"}, "text", child). Text never becomes markup.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

let sprite;
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  // The server knows the sprite's hashed name; any picture on the page carries it.
  sprite ??= document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] ?? "/static/icons.svg";
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

// A key pressed while somebody writes belongs to the text.
export function writes(target) {
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable]:not([contenteditable=false]), .cm-editor"));
}

export function announce(text) {
  const toasts = document.getElementById("toasts");
  if (!toasts) return;
  const toast = element("div", { class: "toast" }, text);
  toasts.append(toast);
  setTimeout(() => toast.remove(), 2600);
}
