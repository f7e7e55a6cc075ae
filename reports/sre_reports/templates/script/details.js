// A row opens to what its cells have no room for; a top risk opens to its resources.

const SAFE = /^\w[\w.:/@$+-]*$/; // IDs that a command may contain
const quoted = (id) => (id.includes("$") ? `'${id}'` : id);
const HOSTS = 12; // resources listed for a risk; the link of its name shows all

// Adds the button that opens a row. Its details are built when it is first opened.
function openable(line, rows, row, severities, day) {
  const button = element("button", "open");
  const name = at(rows.weaknesses.identity, rows.weakness[row]);
  button.type = "button";
  button.setAttribute("aria-label", `Details of ${name}`);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    if (open) line.after(detailed(rows, row, day));
    else line.nextElementSibling.remove();
  });
  line.cells[0].prepend(button);
  return line;
}

function detailed(rows, row, day) {
  const w = rows.weakness[row], p = rows.place[row], { weaknesses, places } = rows;
  const list = element("dl"), text = (name) => at(weaknesses[name], w);
  const tell = (term, ...content) => list.append(element("div", "", element("dt", "", term), element("dd", "", ...content)));
  tell("Title", titled(text));
  const id = at(places.resource_id, p), name = text("identity");
  if (text("description")) tell("Description", text("description"));
  else if (CVE.test(name)) tell("Description", "Not part of this report. Run: ", element("code", "", `sre-cli show ${name}`));
  const links = references(name, weaknesses.kev[w] === 1);
  if (links.length) tell("References", ...links.flatMap((link, n) => (n ? [" · ", link] : [link])));
  tell("Reachability", weaknesses.reachable[w] ? "Inspector saw the code in use at run time." : "Not known: Inspector has not seen the code in use.");
  tell("Life", life(rows, row, day));
  if (rows.claims.has(row)) tell("Claim", rows.claims.get(row));
  tell("Fix", fix(weaknesses, w, text));
  if (text("command") && at(places.resource_type, p) === "AWS_EC2_INSTANCE") tell("Command", ...copied(text("command")));
  tell("Resource", element("code", "", id));
  if (SAFE.test(id)) tell("Fix plan", ...copied(`sre-cli fixes -i ${quoted(id)}`));
  const cell = element("td", "", list);
  cell.colSpan = 9;
  return element("tr", "detail", cell);
}

function fix(weaknesses, w, text) {
  if (!weaknesses.fixable[w]) return "No update is known.";
  if (!text("fixed_in")) return "An update is available.";
  return `Update ${text("packages")} to ${text("fixed_in")}${weaknesses.reboot[w] ? ", then reboot" : ""}.`;
}

// A command from the report, with a button that copies it.
function copied(command) {
  const button = element("button", "copy", "Copy");
  button.type = "button";
  button.dataset.copy = command;
  button.hidden = true;
  if (navigator.clipboard) wireCopy(button);
  return [element("code", "command", command), button];
}

function life(rows, row, day) {
  const seen = rows.age[row] === UNKNOWN ? "First seen: unknown" : `First seen ${daysFrom(day, -rows.age[row])}`;
  const due = rows.due[row] === NEVER ? "no due date" : `due ${daysFrom(day, rows.due[row])}`;
  return `${seen}, ${due}${rows.fresh[row] ? ", new since the previous snapshot" : ""}.`;
}

function references(identity, kev) {
  if (!CVE.test(identity)) return [];
  const known = [["NVD", `https://nvd.nist.gov/vuln/detail/${identity}`], ["CVE record", `https://www.cve.org/CVERecord?id=${identity}`]];
  if (kev) known.push(["CISA KEV", `https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext=${identity}`]);
  return known.map(([name, address]) => {
    const link = element("a", "", name);
    link.href = address;
    link.rel = "noreferrer";
    return link;
  });
}

function wireHosts(rows) {
  for (const box of document.querySelectorAll("details[data-vulnerability]")) {
    box.addEventListener("toggle", () => { box.querySelector("p").textContent = hosts(rows, box.dataset.vulnerability); }, { once: true });
  }
}

function hosts(rows, name) {
  const named = new Set();
  for (let row = 0; row < rows.count; row++) {
    const w = rows.weakness[row], p = rows.place[row];
    if (at(rows.weaknesses.identity, w) !== name && at(rows.weaknesses.title, w) !== name) continue;
    named.add(`${at(rows.places.name, p) || at(rows.places.resource_id, p)} (${at(rows.places.account_id, p)} ${at(rows.places.region, p)})`);
  }
  const more = named.size - HOSTS;
  return named.size ? [...named].slice(0, HOSTS).join(", ") + (more > 0 ? ` and ${more} more.` : ".") : "Its findings are not in this report.";
}
