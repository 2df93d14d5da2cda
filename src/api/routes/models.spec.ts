import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createOpenAiClient, listenForOpenAi } from '../../../test/http/openai-client.js';
import { LANGUAGE_CODES } from '../../language/languages.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

let engine: FakeEngine;
let app: NestExpressApplication;
let client: OpenAI;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  client = createOpenAiClient(await listenForOpenAi(app));
});

afterEach(() => app.close());

it("lists the model in OpenAI's form with additional fields", async () => {
  const { data } = await client.models.list();

  expect(data).toHaveLength(1);
  expect(data[0]?.created).toBeGreaterThan(1.7e9);
  expect(data).toMatchObject([
    {
      id: 'fake',
      object: 'model',
      owned_by: 'visual-salamandra',
      name: 'Fake',
      architecture: {
        name: 'LlavaOnevisionForConditionalGeneration',
        input_modalities: ['text', 'image', 'video'],
        output_modalities: ['text'],
      },
      revision: '0'.repeat(64),
      licence: 'apache-2.0',
      precision: 'int8',
      languages: LANGUAGE_CODES,
      context_length: 1024,
    },
  ]);
});

it('finds the model by its id and by the alias', async () => {
  expect((await client.models.retrieve('fake')).id).toBe('fake');
  expect((await client.models.retrieve('visual-salamandra')).id).toBe('fake');
});

it.each(['gpt-4o', '../secret', '%'])('has no model %j', async (id) => {
  const error: unknown = await client.models.retrieve(id).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(OpenAI.NotFoundError);
  expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
});

it('rejects a malformed percent-encoding', async () => {
  const reply = await fetch(`${client.baseURL}/models/%E0`);

  expect(reply.status).toBe(400);
  expect(await reply.json()).toMatchObject({ error: { code: 'invalid_request' } });
});

it.each([
  [
    { state: 'failed', error: new SalamandraError('MODEL_NOT_FOUND', 'Run pull.') },
    { code: 'model_not_found', message: 'Run pull.' },
  ],
  [{ state: 'loading', progress: { step: 'verifying' } }, { code: 'model_not_ready' }],
  [{ state: 'closed' }, { code: 'shutting_down' }],
] as const)('has the error of the engine if there is no model: %j', async (status, error) => {
  engine.nextStatus = status;
  for (const path of ['/models', '/models/fake']) {
    const reply = await fetch(client.baseURL + path);

    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ error: { ...error, type: 'server_error' } });
  }
});
