import request from 'supertest';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createApp } from '../server.js';

it('lists 35 languages with their names, also while the model loads', async () => {
  const engine = createFakeEngine();
  engine.nextStatus = { state: 'loading', progress: { step: 'verifying' } };
  const app = await createApp(engine);
  await app.init();
  const reply = await request(app.getHttpServer()).get('/v1/languages');
  await app.close();

  const { object, data } = reply.body as { object: string; data: object[] };
  expect([reply.status, object, data.length]).toEqual([200, 'list', 35]);
  expect(data).toContainEqual({ code: 'ca', name: 'català', english_name: 'Catalan' });
});
