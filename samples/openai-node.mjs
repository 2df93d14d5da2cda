/**
 * An image, a question and a follow-up question with OpenAI's Node client: `npm install openai`, start the service with
 * `npm start`, then
 *
 *     node samples/openai-node.mjs
 *
 * The environment variable OPENAI_BASE_URL is the URL of the API (default: http://127.0.0.1:3000/v1).
 */
import { readFileSync } from 'node:fs';
import { URL } from 'node:url';

import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:3000/v1',
  apiKey: 'not-needed',
});

const image = readFileSync(new URL('street.png', import.meta.url)).toString('base64');
const messages = [
  {
    role: 'user',
    content: [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
      { type: 'text', text: 'Describe the image.' },
    ],
  },
];

const [model] = (await client.models.list()).data;
console.log(`Model: ${model.id}`);

// Streamed. `language` is not a parameter of OpenAI; the client passes it on.
let text = '';
const stream = await client.chat.completions.create({
  model: model.id,
  messages,
  language: 'en',
  stream: true,
});
for await (const chunk of stream) {
  const piece = chunk.choices[0]?.delta.content ?? '';
  process.stdout.write(piece);
  text += piece;
}
console.log();

// Each request contains the whole conversation, including the image.
messages.push(
  { role: 'assistant', content: text },
  { role: 'user', content: 'How many things are there?' },
);
const completion = await client.chat.completions.create({
  model: model.id,
  messages,
  language: 'en',
});
console.log(completion.choices[0].message.content);
console.log(completion.usage);
