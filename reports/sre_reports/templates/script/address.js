// The view is kept in the URL fragment, so that a link opens the same view: #sev=critical&only=late,kev&q=openssl&sort=sla

function readAddress(hash, severities) {
  const values = new URLSearchParams(hash.slice(1));
  const list = (name) => (values.get(name) ?? "").split(",").filter(Boolean);
  const back = (values.get("sort") ?? "").startsWith("-");
  const wanted = (values.get("sort") ?? "").replace(/^-/, "");
  const sort = Object.hasOwn(SORTS, wanted) ? wanted : "severity";
  return {
    severities: new Set(list("sev").map((name) => severities.indexOf(name)).filter((rank) => rank >= 0)),
    only: new Set(list("only").filter((name) => ["late", "kev", "exploit", "reachable", "new", "fix"].includes(name))),
    query: (values.get("q") ?? "").slice(0, 200),
    sort,
    direction: back ? reverse(SORTS[sort].first) : SORTS[sort].first,
    page: Math.max(1, Number.parseInt(values.get("page") ?? "1", 10) || 1),
  };
}

function writeAddress(state, severities) {
  const values = new URLSearchParams();
  if (state.severities.size) values.set("sev", [...state.severities].sort().map((rank) => severities[rank]).join(","));
  if (state.only.size) values.set("only", [...state.only].join(","));
  if (state.query) values.set("q", state.query);
  const back = state.direction !== SORTS[state.sort].first;
  if (state.sort !== "severity" || back) values.set("sort", (back ? "-" : "") + state.sort);
  if (state.page > 1) values.set("page", state.page);
  return `#${values.toString().replaceAll("%2C", ",") || "findings"}`;
}

const isView = (hash) => /^#(sev|only|q|sort|page)=/.test(hash);
const reverse = (direction) => (direction === "ascending" ? "descending" : "ascending");
