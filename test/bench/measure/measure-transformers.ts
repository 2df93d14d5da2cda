import { AutoModelForCausalLM, BaseStreamer, env, Tensor } from '@huggingface/transformers';

import { decoderOf } from '../models/bench-shapes.js';
import { modelPath } from '../models/bench-home.js';
import { exportBytesPerToken } from '../peers/onnx-export.js';
import type { Figures, Job } from './job.js';
import { promptIds } from './timing.js';

type TextJob = Extract<Job, { kind: 'text' }>;

const WARM_UP_TOKENS = 32;
const FLOAT_BYTES = 4;

/** Measures `generate` of transformers.js on the same ONNX Runtime: greedy, timed by its streamer. */
export async function measureTransformers(
  job: TextJob,
  home: string,
  threads: number,
): Promise<Figures> {
  const { promptTokens, steps, shape } = job;
  const { decoder, vocabulary } = decoderOf(shape);
  env.allowRemoteModels = false;
  const directory = modelPath(home, { format: 'onnx-export', shape });
  const model = await AutoModelForCausalLM.from_pretrained(directory, {
    dtype: 'q4',
    device: 'cpu',
    local_files_only: true,
    use_external_data_format: true,
    session_options: { intraOpNumThreads: threads },
  });
  const generate = async (tokens: number, newTokens: number): Promise<number[]> => {
    const ids = BigInt64Array.from(promptIds(tokens, vocabulary, 0), BigInt);
    const times = [performance.now()];
    await model.generate({
      inputs: new Tensor('int64', ids, [1, tokens]),
      attention_mask: new Tensor('int64', new BigInt64Array(tokens).fill(1n), [1, tokens]),
      ...{ max_new_tokens: newTokens, min_new_tokens: newTokens },
      ...{ do_sample: false, repetition_penalty: 1 },
      streamer: new Stopwatch(times),
    } as unknown as Parameters<typeof model.generate>[0]);
    return times;
  };
  await generate(WARM_UP_TOKENS, 2);
  // The streamer gets the prompt first, then every token.
  const [startMs, , firstMs, ...laterMs] = await generate(promptTokens, steps + 1);
  const cacheBytes = 2 * decoder.layers * decoder.keyValueHeads * decoder.headDim * FLOAT_BYTES;
  return {
    prefillTps: (promptTokens * 1e3) / (firstMs! - startMs!),
    decodeTps: (laterMs.length * 1e3) / (laterMs.at(-1)! - firstMs!),
    weightBytesPerStep: exportBytesPerToken(decoder, vocabulary),
    cacheBytesPerStep: promptTokens * cacheBytes,
  };
}

class Stopwatch extends BaseStreamer {
  constructor(private readonly times: number[]) {
    super();
  }

  override put(): void {
    this.times.push(performance.now());
  }

  override end(): void {
    // The last token was already timed.
  }
}
