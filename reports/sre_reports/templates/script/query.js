// The words of a search: text, or a question such as severity:critical, kev, owner:payments, age:>30.

const TERM = /(\w+):(?:"([^"]*)"|(\S+))|\S+/g;
const COMPARED = /^(>=|<=|>|<|=)?(\d+(?:\.\d+)?)%?$/;
const WORDS = {
  kev: ({ weaknesses }) => (w) => weaknesses.kev[w] === 1,
  exploit: ({ weaknesses }) => (w) => weaknesses.exploit[w] === 1,
  reachable: ({ weaknesses }) => (w) => weaknesses.reachable[w] === 1,
  overdue: ({ due }) => (w, p, row) => due[row] < 0,
};
const FIELDS = {
  owner: ["places", "owner"], account: ["places", "account_id"], region: ["places", "region"], type: ["places", "resource_type"],
  package: ["weaknesses", "packages"], fix: ["weaknesses", "fixed_in"],
};
const NUMBERS = {
  age: ({ age }) => (w, p, row) => (age[row] === UNKNOWN ? null : age[row]),
  due: ({ due }) => (w, p, row) => (due[row] === NEVER ? null : due[row]),
  score: ({ weaknesses }) => (w) => weaknesses.score[w],
  epss: ({ weaknesses }) => (w) => (weaknesses.epss[w] === null ? null : 100 * weaknesses.epss[w]),
};

// Returns a test of (weakness, place, row) for each word of the query; unknown questions are text.
function tests(rows, query, severities) {
  return Array.from(query.toLowerCase().matchAll(TERM), ([whole, name, quoted, bare]) => (
    (name ? asked(rows, name, quoted ?? bare, severities) : Object.hasOwn(WORDS, whole) && WORDS[whole](rows)) || contains(rows, whole)));
}

function asked(rows, name, value, severities) {
  if (name === "is" && Object.hasOwn(WORDS, value)) return WORDS[value](rows);
  if (name === "severity") {
    const wanted = value.split(",").map((one) => severities.indexOf(one));
    return (w) => wanted.includes(rows.weaknesses.severity[w]);
  }
  if (Object.hasOwn(FIELDS, name)) {
    const [table, field] = FIELDS[name], { d, i } = rows[table][field];
    const has = d.map((text) => (text || (name === "owner" ? "unassigned" : "")).toLowerCase().includes(value));
    return (w, p) => has[i[table === "places" ? p : w]];
  }
  const [, sign, number] = Object.hasOwn(NUMBERS, name) ? COMPARED.exec(value) ?? [] : [];
  return number !== undefined && compared(NUMBERS[name](rows), sign ?? "=", Number(number));
}

// What is unknown fits no comparison.
function compared(value, sign, limit) {
  const fits = { ">": (x) => x > limit, "<": (x) => x < limit, ">=": (x) => x >= limit, "<=": (x) => x <= limit, "=": (x) => x === limit }[sign];
  return (w, p, row) => { const x = value(w, p, row); return x !== null && fits(x); };
}

function contains({ weaknessTexts, placeTexts }, term) {
  const inWeakness = weaknessTexts.map((text) => text.includes(term)), inPlace = placeTexts.map((text) => text.includes(term));
  return (w, p) => inWeakness[w] || inPlace[p];
}
