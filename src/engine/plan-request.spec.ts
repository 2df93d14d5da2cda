import { createFakeModel } from '../../test/fakes/fake-model.js';
import { imageRequest, textRequest } from '../../test/fakes/requests.js';
import type { PipelineModel } from './loaded-model.js';
import { planRequest } from './plan-request.js';
import { countTextBytes, countTextIds } from './prompts.js';
import type { EngineRequest } from './vision-language-engine.js';
import { featureBytes, fullContextBytes, totalBytes } from './scheduling/memory-estimate.js';

const plan = (request: EngineRequest, model: PipelineModel) =>
  planRequest(request, model, (_, tokenize) => Promise.resolve().then(tokenize));

describe('planRequest', () => {
  it('subtracts the longest prompt and the answer from the visual token budget', async () => {
    const model = await createFakeModel({ maxPositions: 400 });
    const request = imageRequest(1, ['Què hi ha?', 'De quin color és la cosa del mig?']);
    const planned = await plan(request, model);

    const longest = Math.max(...planned.prompts.map(countTextIds));
    expect(planned.visualTokenBudget).toBe(400 - longest - request.settings.maxTokens);
    expect(planned.commonPrefix.media).toHaveLength(1);
  });

  it('counts media once, in the shared prefix, and answers at their full length', async () => {
    const model = await createFakeModel();
    const { hiddenSize } = model.manifest.decoder;
    const planned = await plan(imageRequest(1, ['a', 'b']), model);
    const estimate = planned.estimateMemory(100);

    const shared = planned.commonPrefix.textTokens + 100;
    expect(estimate.featureBytes).toBe(100 * hiddenSize * 4);
    expect(estimate.sequences).toBe(2);
    expect(estimate.sharedPositions).toBeGreaterThan(shared - 18);
    expect(estimate.sharedPositions % 16).toBe(0);
    const longest = Math.max(...planned.prompts.map(countTextIds));
    expect(estimate.sharedPositions + estimate.ownPositions).toBe(longest + 100 + 12);
  });

  it('counts media for each conversation if the text before them differs', async () => {
    const model = await createFakeModel();
    const request = imageRequest(1, ['a']);
    const text = (value: string) => [{ type: 'text' as const, text: value }];
    const conversations = ['x', 'y'].map((first) => [
      { role: 'user' as const, content: text(first) },
      { role: 'assistant' as const, content: text('z') },
      { role: 'user' as const, content: [{ type: 'image' as const }] },
    ]);
    const planned = await plan({ ...request, conversations }, model);
    const estimate = planned.estimateMemory(50);

    expect(estimate.sharedPositions).toBe(0);
    expect(estimate.ownPositions).toBeGreaterThan(50 + 12);
  });

  it('tokenizes each conversation in a turn of its own, with the bytes of its text as the cost', async () => {
    const model = await createFakeModel();
    const request = imageRequest(1, ['Què?', 'Ça va?']);
    const costs: number[] = [];
    await planRequest(request, model, (textBytes, tokenize) => {
      costs.push(textBytes);
      return Promise.resolve(tokenize());
    });

    expect(costs).toEqual(request.conversations.map(countTextBytes));
    expect(costs[1]! - costs[0]!).toBe(Buffer.byteLength('Ça va?') - Buffer.byteLength('Què?'));
  });

  it('refuses media for a text-only model, and accepts text', async () => {
    const model = await createFakeModel({ inputs: 'text' });
    await expect(plan(imageRequest(1, ['a']), model)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
    expect((await plan(textRequest('Bon dia'), model)).worstCase).toMatchObject({
      featureBytes: 0,
    });
  });
});

describe('totalBytes', () => {
  const costs = { cacheBytesPerToken: 10 };
  const estimate = { featureBytes: 7, sharedPositions: 100, ownPositions: 30, sequences: 1 };

  it('adds features, prefix and own positions of a single request', () => {
    expect(totalBytes([estimate], costs)).toBe(7 + (100 + 30) * 10);
  });

  it('counts a prefix twice if several conversations copy it', () => {
    expect(totalBytes([{ ...estimate, sequences: 3 }], costs)).toBe(7 + (200 + 3 * 30) * 10);
  });

  it('gives every sequence of several requests the capacity of the longest', () => {
    const short = { featureBytes: 0, sharedPositions: 0, ownPositions: 10, sequences: 1 };
    expect(totalBytes([estimate, short], costs)).toBe(7 + (100 + 2 * 130) * 10);
    expect(totalBytes([], costs)).toBe(0);
  });

  it('stays within fullContextBytes for any single conversation', () => {
    const full = fullContextBytes(500, { cacheBytesPerToken: 10, hiddenSize: 4 });
    const worst = {
      ...{ featureBytes: featureBytes(400, 4), sharedPositions: 400 },
      ...{ ownPositions: 100, sequences: 1 },
    };
    expect(totalBytes([worst], costs)).toBeLessThanOrEqual(full);
  });
});
