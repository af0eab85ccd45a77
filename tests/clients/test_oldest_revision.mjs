// 2024-11-05: clients that offer it over Streamable HTTP reject any other answer. test_peers.mjs has
// one, SDK 1.10.2.
import assert from 'node:assert/strict';
import * as schemas from 'sdk-of-2024-11-05/types.js';
import { test } from './harness.mjs';
import { call, post, request } from './raw.mjs';

const OLDEST = '2024-11-05';

test('answers of 2024-11-05 fit the schemas of its SDK', async (lab) => {
  const server = await lab.server();
  const ask = async (schema, method, params) => {
    const { json } = await post(server, request(method, params), { id });
    assert.ok(json.result, JSON.stringify(json));
    return schema.parse(json.result);
  };
  const begun = await post(
    server,
    request('initialize', {
      protocolVersion: OLDEST,
      capabilities: {},
      clientInfo: { name: 'old', version: '1' },
    }),
  );
  const { id } = begun;
  const { protocolVersion, capabilities } = schemas.InitializeResultSchema.parse(begun.json.result);

  assert.equal(protocolVersion, OLDEST);
  assert.equal(capabilities.completions, undefined);

  const { tools } = await ask(schemas.ListToolsResultSchema, 'tools/list');
  assert.ok(tools.length > 0);
  for (const tool of tools)
    assert.deepEqual(Object.keys(tool).sort(), ['description', 'inputSchema', 'name']);

  const { resources } = await ask(schemas.ListResourcesResultSchema, 'resources/list');
  assert.ok(resources.length > 0);
  for (const { uri } of resources)
    await ask(schemas.ReadResourceResultSchema, 'resources/read', { uri });
  await ask(schemas.ListResourceTemplatesResultSchema, 'resources/templates/list');

  const { prompts } = await ask(schemas.ListPromptsResultSchema, 'prompts/list');
  const [{ name, arguments: [argument] }] = prompts;
  await ask(schemas.GetPromptResultSchema, 'prompts/get', {
    name,
    arguments: { [argument.name]: 'x' },
  });
  await ask(schemas.CompleteResultSchema, 'completion/complete', {
    ref: { type: 'ref/prompt', name },
    argument: { name: argument.name, value: '' },
  });

  const { json } = await post(server, call('count'), { id });
  schemas.CallToolResultSchema.parse(json.result);
  assert.deepEqual(Object.keys(json.result), ['content']);
});
