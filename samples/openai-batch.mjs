/**
 * A batch of requests with pictures, with OpenAI's Node client: `npm install openai`, start the service with
 * `npm start`, then
 *
 *     node samples/openai-batch.mjs [LINES]
 *
 * LINES is the number of requests (default: 12). The environment variable OPENAI_BASE_URL is the URL of the API
 * (default: http://127.0.0.1:3000/v1).
 */
import { Blob } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { URL } from 'node:url';

import OpenAI, { toFile } from 'openai';

const client = new OpenAI({
  baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:3000/v1',
  apiKey: 'not-needed',
});
const lineCount = Number(process.argv[2] ?? 12);
const ENDED = ['completed', 'failed', 'expired', 'cancelled'];

const pictures = ['fox.png', 'street.png', 'meadow.jpg'].map((name) => {
  const bytes = readFileSync(new URL(name, import.meta.url));
  const type = name.endsWith('.png') ? 'image/png' : 'image/jpeg';
  return { name, url: `data:${type};base64,${bytes.toString('base64')}` };
});

const [model] = (await client.models.list()).data;
const lines = Array.from({ length: lineCount }, (_, index) => {
  const { name, url } = pictures[index % pictures.length];
  const content = [
    { type: 'image_url', image_url: { url, detail: 'low' } },
    { type: 'text', text: 'Describe the image.' },
  ];
  return JSON.stringify({
    custom_id: `${index + 1} ${name}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: {
      model: model.id,
      messages: [{ role: 'user', content }],
      max_completion_tokens: 24,
      language: 'en',
    },
  });
});

const input = await client.files.create({
  file: await toFile(new Blob([lines.join('\n')]), 'requests.jsonl'),
  purpose: 'batch',
});
let batch = await client.batches.create({
  input_file_id: input.id,
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
});
while (!ENDED.includes(batch.status)) {
  await setTimeout(1_000);
  batch = await client.batches.retrieve(batch.id);
  const { completed, failed, total } = batch.request_counts;
  console.log(`${batch.status}: ${completed + failed} of ${total}`);
}
console.log(batch.usage ?? batch.errors);

for (const id of [batch.output_file_id, batch.error_file_id]) {
  if (!id) continue;
  const text = await (await client.files.content(id)).text();
  for (const line of text.trimEnd().split('\n')) {
    const { custom_id, response, error } = JSON.parse(line);
    const answer = response?.body.choices?.[0].message.content;
    console.log(custom_id, answer ?? error ?? response.body.error);
  }
}
