// Unpacks the findings (see html_report/sections/embedded_data.py) into columns. A row is an index; there is no object per row.

const NEVER = 0x7fffffff; // the due day of a finding without one: sorts last
const UNKNOWN = -0x80000000; // the age of a finding without a first observation: sorts below all others

async function unpack(text) {
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return rowsOf(JSON.parse(await new Response(stream).text()));
}

function rowsOf({ findings, weaknesses, places }) {
  const count = findings.w.length;
  const weakness = new Uint32Array(count);
  for (let row = 0, sum = 0; row < count; row++) weakness[row] = sum += findings.w[row];
  const fresh = new Uint8Array(count);
  for (const row of findings.new) fresh[row] = 1;
  return {
    count, weakness, fresh, weaknesses, places,
    claims: new Map(findings.claims),
    place: Uint32Array.from(findings.p),
    age: Int32Array.from(findings.opened, (days) => (days === null ? UNKNOWN : days)),
    due: Int32Array.from(findings.due, (days, row) => (days === null ? NEVER : days - findings.opened[row])), // null is 0
    weaknessTexts: lowered(weaknesses, ["identity", "title", "packages", "installed", "fixed_in"]),
    placeTexts: lowered(places, ["resource_id", "name", "account_id", "region", "owner", "resource_type"]),
  };
}

const at = (column, place) => column.d[column.i[place]];

// For each weakness or place, all text that a search covers.
function lowered(table, names) {
  const small = names.map((name) => table[name].d.map((text) => text.toLowerCase()));
  return table[names[0]].i.map((_, place) => names.map((name, n) => small[n][table[name].i[place]]).join("\n"));
}
