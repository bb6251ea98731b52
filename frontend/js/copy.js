// <copy-text value="…">shown</copy-text>: adds a button that copies the whole value.
import { announce, element, icon } from "./dom.js";

class CopyText extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return;
    const button = element("button", { class: "copy__button", type: "button", "aria-label": `Copy ${this.getAttribute("label") ?? this.textContent.trim()}` }, icon("copy"));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.getAttribute("value"));
        announce("Copied");
      } catch {
        announce("The browser did not allow copying. Select the text instead.");
      }
    });
    this.append(button);
  }
}
customElements.define("copy-text", CopyText);
