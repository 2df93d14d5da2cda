/**
 * A picture, a question and a follow-up through OpenAI's own client: `npm install openai`, start the service, then
 *
 *     node samples/openai-node.mjs
 *
 * BASE_URL is http://127.0.0.1:3000/v1 unless the environment says otherwise.
 */
import { readFileSync } from 'node:fs';
import { URL } from 'node:url';

import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.BASE_URL ?? 'http://127.0.0.1:3000/v1',
  apiKey: 'none is needed',
});

const picture = readFileSync(new URL('street.png', import.meta.url)).toString('base64');
const messages = [
  {
    role: 'user',
    content: [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } },
      { type: 'text', text: 'Describe the picture.' },
    ],
  },
];

const [model] = (await client.models.list()).data;
console.log(`Model: ${model.id}`);

// As it is written; `language` is an extension, which the client passes on.
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

// The whole conversation goes along each time, the picture too.
messages.push(
  { role: 'assistant', content: text },
  { role: 'user', content: 'How many things are there?' },
);
const completion = await client.chat.completions.create({ model: model.id, messages });
console.log(completion.choices[0].message.content);
console.log(completion.usage);
