// Lists and calls every tool with a client of the TypeScript SDK, and prints the results as a JSON object.
// node call_all.mjs v1|legacy|auto|2026-07-28 URL '{"tool": {arguments}}'
const [mode, url, examples] = process.argv.slice(2);
const given = JSON.parse(examples);
const client = await (mode === "v1" ? older() : newer());
const { tools } = await client.listTools();
const called = {};
for (const { name } of tools) {
  const result = await client.callTool({ name, arguments: given[name] ?? {} });
  called[name] = { isError: result.isError ?? false, structured: result.structuredContent !== undefined };
}
const { prompts } = await client.listPrompts();
const { resources } = await client.listResources();
const read = await client.readResource({ uri: resources[0].uri });
console.log(JSON.stringify({ called, prompts: prompts.map((one) => one.name), read: read.contents[0].mimeType }));
await client.close();

async function older() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  return connected(new Client({ name: "test", version: "1" }), StreamableHTTPClientTransport);
}

async function newer() {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const negotiation = mode === "legacy" || mode === "auto" ? { mode } : { mode: { pin: mode } };
  return connected(new Client({ name: "test", version: "1" }, { versionNegotiation: negotiation }), StreamableHTTPClientTransport);
}

async function connected(client, Transport) {
  await client.connect(new Transport(new URL(url)));
  return client;
}
