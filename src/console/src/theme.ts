// Light, dark, or what the system says.
export type Theme = "auto" | "light" | "dark";

const key = "postrider-theme";

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function applyTheme(wanted: Theme = theme()) {
  const root = document.documentElement;
  if (wanted === "auto") root.removeAttribute("data-theme");
  else root.dataset.theme = wanted;
}

export function setTheme(wanted: Theme) {
  try {
    localStorage.setItem(key, wanted);
  } catch {
    // private windows may refuse; the theme then lasts until the page is closed
  }
  applyTheme(wanted);
}
