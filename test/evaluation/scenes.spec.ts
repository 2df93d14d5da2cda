import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';

import { drawScene } from './draw-scene.js';
import { SIZE_BANDS, sampleScene, sampleSmallObjectScene } from './scenes.js';
import { wilsonInterval } from './tally.js';
import { createTaskDealer } from './tasks.js';

describe('sampleScene', () => {
  it('returns the same scene for the same number', () => {
    expect(sampleScene(17)).toEqual(sampleScene(17));
    expect(sampleScene(17)).not.toEqual(sampleScene(18));
  });

  it('stays within the sizes and seeds of the test set, objects from left to right', () => {
    for (let index = 0; index < 500; index++) {
      const { seed, width, height, objects } = sampleScene(index);
      expect(seed).toBe(9_000_000 + index);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(67);
      expect(Math.max(width, height)).toBeLessThanOrEqual(480);
      expect(objects.length).toBeGreaterThanOrEqual(1);
      expect(objects.length).toBeLessThanOrEqual(4);
      expect(new Set(objects.map(({ object }) => object)).size).toBe(objects.length);
      const centres = objects.map(({ x }) => x);
      expect(centres).toEqual(centres.toSorted((one, other) => one - other));
    }
  });

  it('refuses a number outside the held-out range', () => {
    expect(() => sampleScene(50_000)).toThrow(RangeError);
    expect(() => sampleSmallObjectScene(0, 7_000)).toThrow(RangeError);
    expect(() => sampleSmallObjectScene(SIZE_BANDS.length, 0)).toThrow(RangeError);
  });
});

describe('sampleSmallObjectScene', () => {
  it.each(SIZE_BANDS.map((band, number) => ({ ...band, number })))(
    'has objects of $name of the longer side of the image',
    ({ fewest, most, number }) => {
      for (let index = 0; index < 200; index++) {
        const { width, height, objects } = sampleSmallObjectScene(number, index);
        expect(objects.length).toBeGreaterThanOrEqual(1);
        for (const { side } of objects) {
          const times = Math.max(width, height) / side;
          expect(times).toBeGreaterThan(fewest - 1e-9);
          expect(times).toBeLessThan(most + 1e-9);
        }
      }
    },
  );

  it('has adjacent size bands and seeds below those of the videos', () => {
    const ends = SIZE_BANDS.map(({ most }) => most);
    expect(SIZE_BANDS.slice(1).map(({ fewest }) => fewest)).toEqual(ends.slice(0, -1));
    const seeds = SIZE_BANDS.flatMap((_, band) =>
      [0, 6_999].map((index) => sampleSmallObjectScene(band, index).seed),
    );
    expect(seeds).toEqual(seeds.toSorted((one, other) => one - other));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(seeds.at(-1)).toBeLessThan(9_080_000);
  });
});

describe('drawScene', () => {
  it('draws the same PNG each time, in the size of the scene', async () => {
    const scene = sampleScene(1);
    const [one, other] = await Promise.all([drawScene(scene), drawScene(scene)]);
    expect(Buffer.compare(one, other)).toBe(0);
    const { width, height, format, channels } = await sharp(one).metadata();
    expect({ width, height, format, channels }).toEqual({
      width: scene.width,
      height: scene.height,
      format: 'png',
      channels: 3,
    });
  });
});

describe('createTaskDealer', () => {
  it('deals every language and every kind equally often', () => {
    const dealer = createTaskDealer();
    const times = new Map<string, number>();
    for (let index = 0; index < 1_400; index++) {
      const { kind, language } = dealer.dealDescription(sampleScene(index));
      const name = `${language.code} ${kind}`;
      times.set(name, (times.get(name) ?? 0) + 1);
    }
    expect(times.size).toBe(35 * 4);
    expect(new Set(times.values())).toEqual(new Set([10]));
  });

  it('asks for positions only in scenes with two or more objects', () => {
    const dealer = createTaskDealer();
    const kinds = new Set<string>();
    for (let index = 0; index < 500; index++) {
      const scene = sampleScene(index);
      const { kind, conversation } = dealer.dealQuestion(scene);
      kinds.add(kind);
      expect(JSON.stringify(conversation)).not.toContain('{0}');
      if (scene.objects.length === 1) expect(['count', 'exists']).toContain(kind);
      if (kind === 'middle') expect(scene.objects).toHaveLength(3);
    }
    expect([...kinds].sort()).toEqual(['count', 'exists', 'left', 'middle', 'right']);
  });
});

describe('wilsonInterval', () => {
  it('matches published values', () => {
    const [low, high] = wilsonInterval(95, 100);
    expect(low).toBeCloseTo(0.8882, 3);
    expect(high).toBeCloseTo(0.9785, 3);
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});
