// Resources, prompts, completion, log levels and pages, as the official client sees them.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';

const COUNTER = 'counter://session';

async function counter({ client }) {
  const { contents } = await client.readResource({ uri: COUNTER });

  assert.equal(contents.length, 1);
  assert.equal(contents[0].uri, COUNTER);
  return Number(contents[0].text);
}

test('the server declares what it offers', async (lab) => {
  const { client } = await lab.caller(await lab.server());
  const declared = client.getServerCapabilities();

  for (const name of ['tools', 'resources', 'prompts', 'completions', 'logging'])
    assert.ok(declared[name], name);
  for (const name of ['tools', 'resources', 'prompts'])
    assert.equal(declared[name].listChanged, true, name);
  assert.equal(declared.resources.subscribe, true);
});

test('a resource is listed and read, also after a restart', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const { resources } = await caller.client.listResources();

  assert.deepEqual(
    resources.map(({ uri }) => uri),
    [COUNTER],
  );
  assert.equal(await counter(caller), 0);
  await caller.count();
  assert.equal(await caller.count(), 2);
  assert.equal(await counter(caller), 2);
  await server.stop();
  await server.start();
  assert.equal(await counter(caller), 2);
});

test('a template is listed, completed and read', async (lab) => {
  const { client } = await lab.caller(await lab.server());
  const { resourceTemplates } = await client.listResourceTemplates();
  const ref = { type: 'ref/resource', uri: resourceTemplates[0].uriTemplate };
  const argument = { name: 'language', value: 'e' };

  assert.equal(ref.uri, 'greeting://{language}/{name}');
  const { completion } = await client.complete({ ref, argument });
  assert.deepEqual(completion, { values: ['english', 'estonian'], total: 2, hasMore: false });
  const { contents } = await client.readResource({ uri: 'greeting://german/J%C3%BCrgen' });
  assert.equal(contents[0].text, 'Hallo, Jürgen!');
  assert.equal(contents[0].mimeType, 'text/plain');
});

test('a resource that is not there is -32002', async (lab) => {
  const { client } = await lab.caller(await lab.server());

  for (const uri of ['greeting://klingon/x', 'nothing://here'])
    await assert.rejects(client.readResource({ uri }), (error) => {
      assert.equal(error.code, -32002);
      assert.equal(error.data.uri, uri);
      return true;
    });
});

test('a prompt is listed, completed and made of its arguments', async (lab) => {
  const { client } = await lab.caller(await lab.server());
  const { prompts } = await client.listPrompts();

  assert.equal(prompts[0].name, 'greet');
  assert.deepEqual(
    prompts[0].arguments.map(({ name, required }) => [name, required]),
    [
      ['name', true],
      ['language', undefined],
    ],
  );
  const ref = { type: 'ref/prompt', name: 'greet' };
  const argument = { name: 'language', value: 'sp' };
  const { completion } = await client.complete({ ref, argument });
  assert.deepEqual(completion.values, ['spanish']);
  const given = { name: 'Ada', language: 'spanish' };
  const { messages } = await client.getPrompt({ name: 'greet', arguments: given });
  assert.deepEqual(messages, [
    { role: 'user', content: { type: 'text', text: 'Greet Ada warmly, in spanish.' } },
  ]);
  await assert.rejects(client.getPrompt({ name: 'greet' }), { code: -32602 });
  await assert.rejects(client.getPrompt({ name: 'nobody' }), { code: -32602 });
});

test('a log level is set, also after a restart', async (lab) => {
  const server = await lab.server();
  const { client } = await lab.caller(server);

  assert.deepEqual(await client.setLoggingLevel('warning'), {});
  await server.stop();
  await server.start();
  assert.deepEqual(await client.setLoggingLevel('debug'), {});
});

test('a cursor that was not made here is -32602', async (lab) => {
  const { client } = await lab.caller(await lab.server());
  const cursor = 'AAAA';

  for (const list of ['listTools', 'listResources', 'listResourceTemplates', 'listPrompts'])
    await assert.rejects(client[list]({ cursor }), { code: -32602 }, list);
});
