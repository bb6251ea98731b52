// The server writes the theme into <html> from the cookie, so no page flashes; this changes it without a reload.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  const choice = event.submitter?.value;
  if (!form || !choice) return;
  event.preventDefault();
  document.documentElement.dataset.theme = choice;
  document.cookie = `theme=${choice}; path=/; max-age=31536000; samesite=lax`;
  for (const button of form.querySelectorAll("[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  document.dispatchEvent(new CustomEvent("themechange", { detail: choice }));
});
