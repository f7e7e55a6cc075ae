// Renders table rows, the same as without JavaScript (report/findings.html). Text is only ever set as text.

const CVE = /^CVE-\d{4}-\d{4,19}$/;
const TAIL = 14; // characters of an ID that stay visible at its end, as in findings_table.py
const FLAGS = { kev: "KEV", exploit: "exploit", reachable: "reachable", new: "new" };

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

// Both parts together are the whole text, so that it is copied whole; the style sheet shortens the first.
function middled(id) {
  const made = element("code", "middle", element("span", "", id.slice(0, -TAIL)), element("span", "", id.slice(-TAIL)));
  made.title = id;
  return made;
}

function drawn(rows, row, severities) {
  const w = rows.weakness[row], p = rows.place[row], { weaknesses, places } = rows;
  const severity = severities[weaknesses.severity[w]];
  return element("tr", "",
    element("td", "severity", element("span", `tag ${severity}`, capital(severity))),
    element("td", "number score", score(weaknesses.score[w])),
    identified(rows, row, w),
    packaged(at(weaknesses.packages, w), at(weaknesses.installed, w), at(weaknesses.fixed_in, w)),
    named("resource", at(places.name, p), at(places.resource_id, p)),
    element("td", "account", element("span", "token", at(places.account_id, p)), " ",
      element("span", "muted token", at(places.region, p)),
      ...(at(places.owner, p) ? [" ", element("span", "muted", at(places.owner, p))] : [])),
    element("td", "number epss", share(weaknesses.epss[w])),
    element("td", "number age", rows.age[row] === UNKNOWN ? "" : `${thousands(rows.age[row])} d`),
    element("td", "number sla", deadline(rows.due[row])));
}

function identified(rows, row, w) {
  const identity = at(rows.weaknesses.identity, w), title = at(rows.weaknesses.title, w);
  const cell = element("th");
  cell.scope = "row";
  if (CVE.test(identity)) {
    const link = element("a", "strong whole", identity);
    link.href = `https://nvd.nist.gov/vuln/detail/${identity}`;
    link.rel = "noreferrer";
    cell.append(link);
  } else cell.append(element("span", "strong", identity));
  for (const flag of flags(rows, row, w)) cell.append(" ", element("span", `flag ${flag}`, FLAGS[flag]));
  if (title) cell.append(" ", element("span", "muted title", title));
  return cell;
}

function flags(rows, row, w) {
  const { kev, exploit, reachable } = rows.weaknesses;
  const has = { kev: kev[w] === 1, exploit: exploit[w] === 1, reachable: reachable[w] === 1, new: rows.fresh[row] === 1 };
  return Object.keys(FLAGS).filter((flag) => has[flag]);
}

function packaged(packages, installed, fixed) {
  const cell = element("td", "package");
  if (packages) cell.append(element("span", "strong", packages));
  const change = installed && fixed ? `${installed} → ${fixed}` : installed || fixed;
  if (change) cell.append(" ", element("code", "", change));
  return cell;
}

function named(className, name, id) {
  return element("td", className, element("span", "strong", name || id), ...(name ? [" ", middled(id)] : []));
}

function deadline(days) {
  if (days === NEVER) return "none";
  if (days < 0) return element("span", "late", `${thousands(-days)} d overdue`);
  return days ? `${thousands(days)} d left` : "due today";
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const thousands = (count) => count.toLocaleString("en-US");
const score = (value) => (value === null ? "" : value.toFixed(1));
const share = (value) => (value === null ? "" : `${(Math.floor(1000 * value + 0.5) / 10).toFixed(1)} %`);
