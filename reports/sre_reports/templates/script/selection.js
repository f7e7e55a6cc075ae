// Selects and sorts rows: filters run on shared values first, then in one pass over the rows.

function found(rows, { severities, only, query }, names) {
  const weakness = weaknessesOf(rows, severities, only);
  const terms = tests(rows, query, names);
  const late = only.has("late"), fresh = only.has("new");
  const kept = new Uint32Array(rows.count);
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    const w = rows.weakness[row];
    if (!weakness[w] || (late && rows.due[row] >= 0) || (fresh && !rows.fresh[row])) continue;
    if (terms.every((fits) => fits(w, rows.place[row], row))) kept[count++] = row;
  }
  return kept.slice(0, count);
}

function weaknessesOf({ weaknesses }, severities, only) {
  return weaknesses.severity.map((rank, w) => (!severities.size || severities.has(rank))
    && (!only.has("kev") || weaknesses.kev[w] === 1)
    && (!only.has("exploit") || weaknesses.exploit[w] === 1)
    && (!only.has("reachable") || weaknesses.reachable[w] === 1)
    && (!only.has("fix") || weaknesses.fixable[w] === 1));
}

// Each sort order: its key for a row, and its initial direction.
const SORTS = {
  severity: { key: () => (row) => -row, first: "descending" }, // rows are ordered most severe first
  score: { key: (rows) => (row) => rows.weaknesses.score[rows.weakness[row]] ?? -1, first: "descending" },
  identity: { key: (rows) => byText(rows.weaknesses.identity, rows.weakness), first: "ascending" },
  package: { key: (rows) => byText(rows.weaknesses.packages, rows.weakness), first: "ascending" },
  resource: { key: (rows) => byTexts(rows.places.name, rows.places.resource_id, rows.place), first: "ascending" },
  account: { key: (rows) => byText(rows.places.account_id, rows.place), first: "ascending" },
  epss: { key: (rows) => (row) => rows.weaknesses.epss[rows.weakness[row]] ?? -1, first: "descending" },
  age: { key: (rows) => (row) => rows.age[row], first: "descending" },
  sla: { key: (rows) => (row) => rows.due[row], first: "ascending" },
};

function sorted(rows, kept, { sort, direction }) {
  if (sort === "severity") return direction === "descending" ? kept : kept.slice().reverse();
  const key = SORTS[sort].key(rows), sign = direction === "ascending" ? 1 : -1;
  const keys = new Float64Array(rows.count);
  for (const row of kept) keys[row] = key(row);
  return kept.slice().sort((a, b) => sign * (keys[a] - keys[b]) || a - b);
}

// Texts become ranks once, by the order of the distinct texts. Empty texts come last.
function byText(column, owner) {
  const ranks = ranked(column.d);
  return (row) => ranks[column.i[owner[row]]];
}

// By name, or by id if the name is empty, as the table shows them.
function byTexts(name, id, owner) {
  const ranks = ranked(name.i.map((_, place) => at(name, place) || at(id, place)));
  return (row) => ranks[owner[row]];
}

function ranked(texts) {
  const order = [...new Set(texts)].sort((a, b) => (!a - !b) || (a < b ? -1 : a > b ? 1 : 0));
  const place = new Map(order.map((text, n) => [text, n]));
  return texts.map((text) => place.get(text));
}
