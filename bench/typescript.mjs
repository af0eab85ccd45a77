// The official TypeScript server, as fast as it goes: sessions in memory, plain JSON answers,
// node:http without a framework.
//
//   node typescript.mjs PORT
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer, isInitializeRequest } from '@modelcontextprotocol/server';
import { z } from 'zod';

const sessions = new Map();

function makeServer() {
  const server = new McpServer({ name: 'typescript', version: '1' });

  server.registerTool(
    'echo',
    { description: 'Return the text as it is.', inputSchema: z.object({ text: z.string() }) },
    async ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
}

async function begin() {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: true,
    onsessioninitialized: (id) => sessions.set(id, transport),
  });

  transport.onclose = () => sessions.delete(transport.sessionId);
  await makeServer().connect(transport);
  return transport;
}

async function answer(request, response, bytes) {
  const body = JSON.parse(bytes);
  let transport = sessions.get(request.headers['mcp-session-id']);

  if (!transport && isInitializeRequest(body)) transport = await begin();
  if (transport) return transport.handleRequest(request, response, body);
  response.writeHead(404).end();
}

const server = http.createServer((request, response) => {
  const chunks = [];

  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
});

server.listen(Number(process.argv[2]), '127.0.0.1', 1024, () => console.log('ready'));
