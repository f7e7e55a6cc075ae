// The findings table and its controls. The report is complete without them; see report/findings.html.

const PAGE = 50;
const TYPING = 60; // milliseconds without a key before a search runs

async function wireTable() {
  const table = document.getElementById("table");
  if (!table || !window.DecompressionStream) return;
  const day = table.dataset.day, severities = table.dataset.severities.split(" ");
  const rows = await unpack(document.getElementById("rows").textContent);
  let state = readAddress(isView(location.hash) ? location.hash : "#", severities), view = null;

  const line = (row) => openable(drawn(rows, row, severities), rows, row, severities, day);
  const show = (changed) => {
    Object.assign(state, changed);
    view = sorted(rows, found(rows, state, severities), state);
    turn(changed.page ?? 1);
  };
  const turn = (page) => {
    state.page = Math.min(Math.max(1, page), Math.max(1, Math.ceil(view.length / PAGE)));
    const first = (state.page - 1) * PAGE;
    const shown = Array.from(view.slice(first, first + PAGE), line);
    table.tBodies[0].replaceChildren(...shown);
    tell(state, view.length, rows.count, severities);
  };
  // A link to a section of the page keeps the view; Back to an entry of ours restores its view.
  const visit = (ours) => {
    if (!isView(location.hash) && !ours) return;
    state = readAddress(isView(location.hash) ? location.hash : "#", severities);
    show({ page: state.page });
    if (!ours) document.getElementById("findings").scrollIntoView();
  };
  // What is typed changes one entry of the history; every other change adds one.
  const keep = (typed) => history[typed ? "replaceState" : "pushState"]({ ours: true }, "", writeAddress(state, severities));
  const change = (changed, typed = false) => {
    show(changed);
    keep(typed);
  };
  const move = (by) => {
    turn(state.page + by);
    keep(false);
    document.getElementById("findings").scrollIntoView();
  };

  wireFilters(() => state, change);
  wireSorts(table, () => state, change);
  document.getElementById("previous").addEventListener("click", () => move(-1));
  document.getElementById("next").addEventListener("click", () => move(1));
  document.getElementById("download").addEventListener("click", () => save(csv(rows, view, severities, day), `findings-${day}.csv`));
  addEventListener("popstate", (event) => visit(event.state?.ours === true));
  history.replaceState({ ours: true }, "");
  counted(rows, severities);
  wireHosts(rows);

  view = sorted(rows, found(rows, state, severities), state);
  if (isView(location.hash)) visit(false);
  else { // its first rows are in the HTML already
    const written = [...table.tBodies[0].rows];
    written.forEach((one, row) => openable(one, rows, row, severities, day));
    table.tBodies[0].append(...Array.from(view.slice(written.length, PAGE), line));
    tell(state, view.length, rows.count, severities);
  }
  document.getElementById("filters").hidden = false;
}

// Updates the controls to show the state.
function tell(state, count, all, severities) {
  const first = (state.page - 1) * PAGE, last = Math.min(first + PAGE, count), pages = Math.max(1, Math.ceil(count / PAGE));
  const showing = count ? ` · showing ${thousands(first + 1)}–${thousands(last)}` : " match. Select Clear to show all.";
  document.getElementById("shown").textContent = `${thousands(count)} of ${thousands(all)} ${all === 1 ? "finding" : "findings"}${showing}`;
  document.getElementById("page").textContent = `Page ${thousands(state.page)} of ${thousands(pages)}`;
  document.getElementById("previous").disabled = state.page <= 1;
  document.getElementById("next").disabled = state.page >= pages;
  document.getElementById("pager").hidden = pages < 2;
  const search = document.getElementById("search");
  if (search !== document.activeElement) search.value = state.query;
  for (const chip of document.querySelectorAll(".chip")) {
    const pressed = chip.dataset.only ? state.only.has(chip.dataset.only) : state.severities.has(severities.indexOf(chip.dataset.name));
    chip.setAttribute("aria-pressed", String(pressed));
  }
  for (const heading of document.querySelectorAll("th[data-sort]")) {
    if (heading.dataset.sort === state.sort) heading.setAttribute("aria-sort", state.direction);
    else heading.removeAttribute("aria-sort");
  }
}

function wireFilters(state, change) {
  const search = document.getElementById("search");
  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ query: search.value.trim() }, Boolean(state().query)), TYPING);
  });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const chip of document.querySelectorAll(".chip[data-only]")) {
    chip.addEventListener("click", () => change({ only: toggled(state().only, chip.dataset.only) }));
  }
  for (const chip of document.querySelectorAll(".chip[data-severity]")) {
    chip.addEventListener("click", () => change({ severities: toggled(state().severities, Number(chip.dataset.severity)) }));
  }
  document.getElementById("clear").addEventListener("click", () => {
    search.value = "";
    change({ severities: new Set(), only: new Set(), query: "", sort: "severity", direction: "descending" });
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName)) return;
    event.preventDefault();
    search.focus();
  });
}

// Each filter shows how many findings of the report it keeps.
function counted(rows, severities) {
  const none = { severities: new Set(), only: new Set(), query: "" };
  for (const chip of document.querySelectorAll(".chip")) {
    const alone = chip.dataset.only ? { only: new Set([chip.dataset.only]) } : { severities: new Set([severities.indexOf(chip.dataset.name)]) };
    chip.dataset.count = thousands(found(rows, { ...none, ...alone }, severities).length);
    chip.setAttribute("aria-description", chip.dataset.count);
  }
}

function toggled(set, value) {
  const changed = new Set(set);
  if (!changed.delete(value)) changed.add(value);
  return changed;
}

// Headings become buttons, for mouse, keyboard and screen reader alike.
function wireSorts(table, state, change) {
  for (const heading of table.querySelectorAll("th[data-sort]")) {
    const button = element("button", "sort", ...heading.childNodes);
    button.type = "button";
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const sort = heading.dataset.sort, again = state().sort === sort;
      change({ sort, direction: again ? reverse(state().direction) : SORTS[sort].first });
    });
  }
}

wireLook();
wireTable().finally(() => { document.documentElement.dataset.ready = "true"; });
