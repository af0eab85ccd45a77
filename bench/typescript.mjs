// The official TypeScript server, as fast as it goes: sessions in memory, plain JSON answers,
// node:http without a framework.
//
//   node typescript.mjs PORT [sse]    sse: answers are streams, of which nothing is stored
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer, isInitializeRequest } from '@modelcontextprotocol/server';
import { z } from 'zod';

const [, , port, manner] = process.argv;
const sessions = new Map();

function makeServer() {
  const server = new McpServer({ name: 'typescript', version: '1' });

  server.registerTool(
    'echo',
    { description: 'Return the text as it is.', inputSchema: z.object({ text: z.string() }) },
    async ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  server.registerTool(
    'progress',
    { description: 'Tell three times how far it is.', inputSchema: z.object({ text: z.string() }) },
    async ({ text }, { mcpReq }) => {
      const { progressToken } = mcpReq._meta;

      for (let progress = 1; progress <= 3; progress++)
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 3 },
        });
      return { content: [{ type: 'text', text }] };
    },
  );
  return server;
}

async function begin() {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: manner !== 'sse',
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

server.listen(Number(port), '127.0.0.1', 1024, () => console.log('ready'));
