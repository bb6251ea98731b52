// [data-tip]: the words appear on hover and on focus, and go with Esc. The same words must be in the accessible name.
import { element } from "./dom.js";

const tip = element("div", { class: "tip", popover: "manual", "aria-hidden": "true" });
let owner;

function show(target) {
  owner = target;
  tip.textContent = target.dataset.tip;
  if (!tip.isConnected) document.body.append(tip);
  tip.showPopover();
  const box = target.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const below = box.bottom + 6;
  const top = below + size.height > innerHeight ? box.top - size.height - 6 : below;
  const left = Math.max(8, Math.min(box.left + box.width / 2 - size.width / 2, innerWidth - size.width - 8));
  tip.style.inset = `${top}px auto auto ${left}px`; // through the CSSOM, which the policy allows
  tip.style.margin = "0";
}

function hide() {
  if (tip.matches(":popover-open")) tip.hidePopover();
  owner = undefined;
}

function over(event) {
  const target = event.target.closest?.("[data-tip]");
  if (target === owner) return;
  if (owner) hide();
  if (target?.dataset.tip) show(target);
}
document.addEventListener("pointerover", over);
document.addEventListener("focusin", over);
document.addEventListener("focusout", hide);
document.addEventListener("scroll", hide, { capture: true, passive: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
