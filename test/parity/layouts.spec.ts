import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { openNetwork } from '../tiny-model/converted-model.js';
import { compareRequest, compareVideo, type LayoutReport } from './compare-layout.js';
import {
  type LayoutReferences,
  loadLayoutReferences,
  writeLayoutCheckpoint,
} from './layout-references.js';

const CASES = [
  ...['llava-clip', 'llava-clip-full-layers', 'llava-siglip-default', 'llava-giant'],
  ...['llava-activations', 'llava-defaults'],
  ...['next-clip', 'next-siglip', 'next-defaults'],
  ...['onevision-siglip', 'onevision-clip-capped'],
];

/** Largest difference of a visual token from transformers in float32, as a fraction of the largest value. */
const MAX_DIFFERENCE = 5e-6;

/**
 * Layouts, vision encoders, image and video processors, and tensor names of several versions of transformers, on small
 * checkpoints that leave out what the classes have as default.
 */
describe('layouts of the LLaVA family', () => {
  let references: LayoutReferences;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    references = await loadLayoutReferences();
    folder = createTemporaryFolder();
  });

  afterAll(() => folder.remove());

  it('has references of every kind', () => {
    expect(references.cases.map(({ name }) => name)).toEqual(CASES);
  });

  it.each(CASES)('computes the tiles, counts and features of transformers for %s', async (name) => {
    const one = references.cases.find((item) => item.name === name)!;
    await writeLayoutCheckpoint(one, folder.path(name));
    const model = await openNetwork(folder.path(name), folder.path(`${name}-fp32`), 'fp32');
    const reports: LayoutReport[] = [];
    for (const request of one.requests) {
      reports.push(await compareRequest(model.vision!, request, references));
    }
    if (one.video) reports.push(await compareVideo(model.vision!, one.video, references));
    await model.close();

    const worst = Math.max(...reports.map(({ maxAbs }) => maxAbs));
    const relative = Math.max(...reports.map((one) => one.relative));
    process.stdout.write(
      `${name}: max abs error of visual tokens ${worst.toExponential(1)}, ${relative.toExponential(1)} of the largest\n`,
    );
    for (const { tilesEqual, countsEqual, pixelsEqual } of reports) {
      expect({ tilesEqual, countsEqual, pixelsEqual: pixelsEqual ?? true }).toEqual({
        tilesEqual: true,
        countsEqual: true,
        pixelsEqual: true,
      });
    }
    expect(relative).toBeLessThanOrEqual(MAX_DIFFERENCE);
    expect(model.manifest.vision?.tokens.video === null).toBe(one.video === null);
  });
});
