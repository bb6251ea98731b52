// <a href="/catalog/42/preview/" data-drawer>: the page's fragment opens at the right, and your place stays yours.
// Without script, or with Ctrl, the same address opens as a page.
const drawer = document.getElementById("drawer");
let opener;

async function open(link) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true", "HX-Target": "drawer" } });
  if (!answer.ok) return location.assign(link.href);
  opener = link;
  drawer.innerHTML = await answer.text(); // our own server's markup; the policy refuses any script in it
  window.htmx?.process(drawer);
  if (!drawer.open) drawer.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-drawer]");
  if (drawer && link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    open(link);
  }
  if (event.target === drawer || event.target.closest?.("[data-drawer-close]")) drawer?.close();
});
drawer?.addEventListener("close", () => {
  drawer.replaceChildren();
  opener?.focus();
});
