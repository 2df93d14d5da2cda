import { tinyManifest } from '../../../test/tiny-model/tiny-package.js';
import { offeredLanguages } from '../../language/languages.js';
import { planTiles } from '../../vision/plan-tiles.js';
import { checkModelId } from './home-folders.js';
import { countParameters, findKnownModel, KNOWN_MODELS } from './known-models.js';
import { packageIdOf } from './model-names.js';

const modelOf = (name: string) => findKnownModel(name)!;

/** Billions of parameters: of the model cards, or half of the bytes of the published weights (16 bits). */
const PUBLISHED_PARAMETERS: Readonly<Record<string, number>> = {
  'llava-onevision-0.5b': 0.894,
  'eurovlm-1.7b': 4.12 / 2,
  'villanova-2b-vl': 2.79,
  'llava-onevision-7b': 8.03,
  '7b-vision': 8.19,
  'vl-7b': 9,
  'eurovlm-9b': (4.97 + 4.92 + 4.92 + 4.34) / 2,
  '2b': 2.2535,
  '2b-base': 2.2535,
  '7b': 7.768,
  '7b-base': 7.768,
  '40b': 40.434,
  '40b-base': 40.434,
};

describe('KNOWN_MODELS', () => {
  it.each(KNOWN_MODELS)('$name has a valid repository and unique names', (model) => {
    expect(checkModelId(packageIdOf(model.repository))).toBe(packageIdOf(model.repository));
    expect(KNOWN_MODELS.filter(({ name }) => name === model.name)).toHaveLength(1);
    expect(KNOWN_MODELS.filter(({ repository }) => repository === model.repository)).toHaveLength(
      1,
    );
    expect(model.name).toBe(model.name.toLowerCase());
    expect(model.layout === 'text').toBe(model.shape.vision === null);
  });

  it.each(KNOWN_MODELS)('$name has the published number of parameters', ({ name, shape }) => {
    const billions = countParameters(shape) / 1e9;
    expect(Math.abs(billions / PUBLISHED_PARAMETERS[name]! - 1)).toBeLessThan(0.02);
  });

  it.each([
    ['eurovlm-1.7b', 29],
    ['eurovlm-9b', 29],
    ['villanova-2b-vl', 5],
    ['llava-onevision-0.5b', 10],
    ['7b-vision', 35],
    ['vl-7b', 35],
  ])('%s has %i languages of the service', (name, count) => {
    expect(offeredLanguages(modelOf(name).languages)).toHaveLength(count);
  });

  it.each([
    ['llava-onevision-0.5b', 27],
    ['7b-vision', 27],
    ['vl-7b', 24],
  ])('%s has the tiles that the service plans for a photograph', (name, patchesPerSide) => {
    const sides = [384, 768, 1152, 1536, 1920, 2304];
    const { vision: tiny } = tinyManifest();
    const geometry = {
      ...tiny,
      patchesPerSide,
      featuresPerTile: patchesPerSide ** 2,
      imageProcessor: { ...tiny.imageProcessor, tileSize: { width: 384, height: 384 } },
      layout: {
        kind: 'anyres' as const,
        imageGridPinpoints: sides.flatMap((height) => sides.map((width) => ({ width, height }))),
        maxTilesCap: 9,
        severalImagesColor: null,
      },
    };
    const { tiles, visualTokens } = planTiles(
      { width: 1600, height: 1200 },
      geometry,
      'auto',
      100_000,
    );
    const { vision } = modelOf(name).shape;

    expect(vision?.photograph).toEqual({ tiles, visualTokens });
    expect(vision?.patches).toBe(patchesPerSide ** 2);
  });

  it('has photographs that fit the context with a text', () => {
    for (const { shape } of KNOWN_MODELS) {
      const tokens = shape.vision?.photograph.visualTokens ?? 0;
      expect(tokens + 200).toBeLessThan(shape.decoder.maxPositions);
    }
  });
});
