// Light or dark, printing, and copying a command.

const KEPT = "sre-report-theme";

function wireLook() {
  const theme = document.getElementById("theme"), print = document.getElementById("print"), root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const named = () => { theme.textContent = isDark() ? "Light mode" : "Dark mode"; };
  const before = kept();
  if (before) root.dataset.theme = before;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    named();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", named);
  print.addEventListener("click", () => window.print());
  theme.hidden = print.hidden = false;
  named();
  if (navigator.clipboard) for (const button of document.querySelectorAll(".copy")) wireCopy(button);
}

function wireCopy(button) {
  button.hidden = false;
  const named = button.textContent;
  const say = (text) => {
    button.textContent = text;
    button.setAttribute("aria-label", `${text}: ${button.dataset.copy}`);
  };
  say(named);
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(button.dataset.copy).then(() => true, () => false);
    say(copied ? "Copied" : "Cannot copy");
    setTimeout(say, 1500, named);
  });
}

// Browsers may deny storage, especially to local files. Then the choice lasts until the page is closed.
function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; }
}

function keep(theme) {
  try { localStorage.setItem(KEPT, theme); } catch { /* see above */ }
}
