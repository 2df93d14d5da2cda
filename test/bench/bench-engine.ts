import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { captionConversation } from '../../src/engine/conversations.js';
import { createRemoteEngine } from '../../src/engine/remote-engine.js';
import { resolveSettings } from '../../src/engine/resolve-settings.js';
import type { VisionLanguageEngine } from '../../src/engine/vision-language-engine.js';
import { resolveLanguage } from '../../src/language/languages.js';
import type { Detail } from '../../src/vision/plan-tiles.js';
import type { ModelParts } from '../converted-model.js';
import { type BenchRow, measureMs } from './timing.js';

const ROOT = join(import.meta.dirname, '../..');
const WORKER = pathToFileURL(join(ROOT, 'dist/inference-worker.js'));
const PICTURE = join(ROOT, 'test/golden/parity/pictures/photo-640x480.png');
const DETAILS: readonly Detail[] = ['low', 'auto', 'high'];

/** A picture's bytes to its first piece of text, through the engine and its processes; and what they hold. */
export async function benchEngine(
  { manifest: { precision }, directory }: ModelParts,
  runs: number,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const image = await readFile(PICTURE);
  const engine = createRemoteEngine({
    entry: WORKER,
    configuration: {
      home: directory,
      model: directory,
      precision,
      threads: availableParallelism(),
    },
  });
  try {
    await engine.describe();
    const loaded = workerMegabytes();
    for (const detail of DETAILS) {
      const ms = await measureMs(runs, () => awaitFirstText(engine, image, detail));
      const condition = `640 x 480 PNG, detail ${detail}`;
      rows.push({ measure: 'first text', model: precision, condition, value: ms, unit: 'ms' });
    }
    const used = workerMegabytes();
    for (const [condition, value] of Object.entries({ loaded, 'after the requests': used })) {
      if (value === undefined) continue;
      rows.push({
        measure: 'memory of the worker',
        model: precision,
        condition,
        value,
        unit: 'MB',
      });
    }
  } finally {
    await engine.close();
  }
  return rows;
}

async function awaitFirstText(
  engine: VisionLanguageEngine,
  image: Uint8Array,
  detail: Detail,
): Promise<void> {
  const { generation } = await engine.describe();
  const events = engine.generate({
    media: [{ kind: 'image', bytes: image }],
    detail,
    conversations: [captionConversation('caption', resolveLanguage('en'))],
    settings: resolveSettings({ maxTokens: 8 }, generation),
  });
  for await (const { type } of events) {
    // An answer without any text ends here too.
    if (type === 'text-delta' || type === 'answer') return;
  }
}

/** Resident megabytes of this process's inference worker; undefined where there is no `ps`. */
function workerMegabytes(): number | undefined {
  try {
    const list = execFileSync('ps', ['-A', '-o', 'ppid=,rss=,args='], { encoding: 'utf8' });
    const line = list
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .find(([parent, , ...args]) => {
        return (
          Number(parent) === process.pid && args.some((arg) => arg.includes('inference-worker'))
        );
      });
    return line && Number(line[1]) / 1_000;
  } catch {
    return undefined;
  }
}
