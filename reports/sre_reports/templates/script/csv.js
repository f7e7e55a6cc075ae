// The view as CSV (RFC 4180), with a byte-order mark for Excel and without cells that a spreadsheet would run as formulas.

const HEADER = ["Severity", "Score", "Vulnerability", "Title", "Packages", "Installed", "Fixed in", "Resource", "Name", "Type",
  "Account", "Region", "Owner", "EPSS", "KEV", "Exploit", "Fix available", "New", "Open since", "Due", "Days left"];
const NONE = "NONE", UNSURE = "UNKNOWN"; // no cell is empty: there is no value, or it is not known
const FORMULA = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20\0]|^[\t\r\n]/;

function csv(rows, kept, severities, day) {
  const lines = Array.from(kept, (row) => cells(rows, row, severities, day).map(cell).join(","));
  return `\ufeff${[HEADER.join(","), ...lines].join("\r\n")}\r\n`;
}

function cells(rows, row, severities, day) {
  const w = rows.weakness[row], p = rows.place[row], { weaknesses, places } = rows;
  const text = (name) => at(weaknesses[name], w), where = (name) => at(places[name], p);
  const due = rows.due[row] === NEVER ? NONE : rows.due[row], id = where("resource_id"), absent = text("packages") ? UNSURE : NONE;
  return [severities[weaknesses.severity[w]].toUpperCase(), weaknesses.score[w] ?? UNSURE, text("identity"), titled(text),
    text("packages") || NONE, text("installed") || absent, text("fixed_in") || (weaknesses.fixable[w] ? UNSURE : NONE), id, where("name") || id,
    where("resource_type") || UNSURE, where("account_id") || UNSURE, where("region") || UNSURE, where("owner") || "unassigned",
    weaknesses.epss[w] ?? absent, yes(weaknesses.kev[w]), yes(weaknesses.exploit[w]), yes(weaknesses.fixable[w]), yes(rows.fresh[row]),
    rows.age[row] === UNKNOWN ? UNSURE : daysFrom(day, -rows.age[row]), due === NONE ? NONE : daysFrom(day, due), due];
}

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value ?? "") ? `'${value}` : value ?? "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// A title that only repeats the ID and the packages is not stored.
const titled = (text) => text("title") || [text("identity"), text("packages")].filter(Boolean).join(" - ");

const yes = (flag) => (flag === null ? UNSURE : flag ? "YES" : "NO");

function daysFrom(day, days) {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
