// Client libraries and programs of others, each as its documentation says that it is used. A peer
// calls a tool by name and gives the text of its answer.
import { createMCPClient } from '@ai-sdk/mcp';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import * as sdk2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { createRuntime } from 'mcporter';
import { fileURLToPath } from 'node:url';
import { Client as Client110 } from 'sdk-1.10.2/client/index.js';
import { StreamableHTTPClientTransport as Transport110 } from 'sdk-1.10.2/client/streamableHttp.js';
import { Client as Client118 } from 'sdk-1.18.2/client/index.js';
import { StreamableHTTPClientTransport as Transport118 } from 'sdk-1.18.2/client/streamableHttp.js';

const INFO = { name: 'mcps-tests', version: '1' };
const SERVER = 'demo'; // the name of our server in a client's configuration

function textOf({ content }) {
  return content[0].text;
}

async function peerOf(client, transport) {
  await client.connect(transport);
  return {
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
}

function bySdk(Client, Transport, options) {
  return ({ url }, headers) =>
    peerOf(new Client(INFO, options), new Transport(new URL(url), { requestInit: { headers } }));
}

function bySdk2(mode) {
  const options = { versionNegotiation: { mode } };

  return bySdk(sdk2.Client, sdk2.StreamableHTTPClientTransport, options);
}

async function byAiSdk({ url }, headers) {
  const client = await createMCPClient({ transport: { type: 'http', url, headers } });
  const tools = await client.tools();
  const options = { toolCallId: 'call', messages: [] };

  return {
    call: async (name, args) => textOf(await tools[name].execute(args, options)),
    close: () => client.close(),
  };
}

async function byLangchain({ url }, headers) {
  const client = new MultiServerMCPClient({ [SERVER]: { transport: 'http', url, headers } });
  const tools = await client.getTools();

  return {
    call: async (name, args) => {
      const answer = await tools.find((tool) => tool.name === name).invoke(args);
      return answer.text ?? answer;
    },
    close: () => client.close(),
  };
}

async function byMcporter({ url }, headers) {
  const command = { kind: 'http', url: new URL(url), headers };
  const runtime = await createRuntime({ servers: [{ name: SERVER, command }] });

  return {
    call: async (name, args) => textOf(await runtime.callTool(SERVER, name, { args })),
    close: () => runtime.close(),
  };
}

// A program between a client that speaks stdio and a server that speaks HTTP.
function byMcpRemote({ url, directory }, headers) {
  const package_ = import.meta.resolve('mcp-remote/package.json');
  const proxy = fileURLToPath(new URL('dist/proxy.js', package_));
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const options = ['--allow-http', '--transport', 'http-only'];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [proxy, url, ...options, ...lines.flatMap((line) => ['--header', line])],
    env: { ...process.env, MCP_REMOTE_CONFIG_DIR: directory },
    stderr: 'ignore',
  });

  return peerOf(new Client(INFO), transport);
}

// {name: connect(server, headers)}
export const peers = {
  'SDK 1.10.2': bySdk(Client110, Transport110),
  'SDK 1.18.2': bySdk(Client118, Transport118),
  '@modelcontextprotocol/client 2.4 (legacy)': bySdk2('legacy'),
  '@modelcontextprotocol/client 2.4 (auto)': bySdk2('auto'),
  '@ai-sdk/mcp': byAiSdk,
  '@langchain/mcp-adapters': byLangchain,
  mcporter: byMcporter,
  'mcp-remote': byMcpRemote,
};
