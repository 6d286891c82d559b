// What every page does: the theme changes without loading the page again.

const THEMES = { auto: "dark", dark: "light", light: "auto" };

/** @param {HTMLFormElement} form */
function switchTheme(form) {
  const root = document.documentElement;
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = /** @type {keyof typeof THEMES} */ (button.value);
    root.dataset.theme = theme;
    document.cookie = `${form.dataset.themeSwitch}=${theme}; path=/; max-age=31622400; samesite=lax`;
    const following = THEMES[theme];
    button.value = following;
    button.title = `Colours: ${theme}. Change to ${following}.`;
    /** @type {HTMLElement} */ (button.querySelector(".unseen")).textContent = `Change the colours to ${following}`;
    document.dispatchEvent(new CustomEvent("mbox:theme", { detail: theme }));
  });
}

document.querySelectorAll("form[data-theme-switch]").forEach((form) => switchTheme(/** @type {HTMLFormElement} */ (form)));

// A menu closes when one clicks beside it, or presses Escape in it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !(event.target instanceof Element)) return;
  const menu = event.target.closest("details.menu[open]");
  if (menu) {
    menu.removeAttribute("open");
    /** @type {HTMLElement} */ (menu.querySelector("summary")).focus();
  }
});

// What one opened a menu for is what one types into, unless one is in another of its fields by now.
document.addEventListener("toggle", ({ target }) => {
  if (!(target instanceof HTMLDetailsElement) || !target.open || !target.matches(".menu")) return;
  if (target.querySelector(":focus:not(summary)")) return;
  /** @type {HTMLElement | null} */ (target.querySelector("input:not([type=hidden]), select"))?.focus();
}, { capture: true });
