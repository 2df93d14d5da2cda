import { createNoise } from '../tiny-model/tiny-checkpoint.js';
import { runPull } from './interrupted-pull.js';
import { chooseKillPoints, comparePoints } from './kill-points.js';
import { createPullFixture } from './pull-fixture.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const KILLS = 20;
/** More points than that, since the last ones may come too late: the end of a small pull takes milliseconds. */
const POINTS = 32;
/** Slow enough that a kill hits the step it is meant for, and that little is lost on the way. */
const BYTES_PER_SECOND = 1_000_000;

// Where a process is in its work is read from what Linux counts.
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a pull that dies', () => {
  onLinux(
    'goes on after each of twenty kills, and fetches less than a shard again',
    async () => {
      const checkpoint = createSyntheticCheckpoint(SHAPES['tiny-vision']);
      const untroubled = await createPullFixture([{ ...checkpoint, access: 'open' }]);
      const { manifest } = await untroubled.pull({});
      await untroubled.close();

      const fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
      fixture.hub.pace.bytesPerSecond = BYTES_PER_SECOND;
      const weights = [...checkpoint.files]
        .filter(([name]) => name.endsWith('.safetensors'))
        .map(([name, { size }]) => ({ name, size }));
      const sizes = weights.map(({ size }) => size);
      const trial = {
        hub: fixture.hub,
        home: fixture.home,
        weights,
        args: [checkpoint.repository, '--precision', 'int8'],
        packageBytes: Math.max(...sizes),
      };
      const noise = createNoise(5);
      const points = chooseKillPoints(POINTS, sizes, trial.packageBytes, () => noise() + 0.5);
      const ends: string[] = [];
      for (const point of points) ends.push((await runPull(trial, point)).end);
      // What is left is done in this process; after a kill at the very end nothing may be.
      const pulled = await fixture.pull({});
      const again = fixture.sentAgain();
      await fixture.close();

      const kills = ends.filter((end) => end === 'killed').length;
      // Once a pull is done, those after it have nothing left to do.
      expect(ends).toEqual([
        ...Array<string>(kills).fill('killed'),
        ...Array<string>(POINTS - kills).fill('done'),
      ]);
      // Before the last file there is always more to come, where a kill that was due is made good.
      const certain = points.filter(({ file }) => file < weights.length - 1).length;
      expect(kills).toBeGreaterThanOrEqual(certain);
      expect(certain).toBeGreaterThanOrEqual(KILLS);
      expect(pulled.manifest).toEqual(manifest);
      expect(again).toBeLessThan(Math.max(...sizes));
    },
    300_000,
  );

  it('dies at points of the whole work, in their order', () => {
    const noise = createNoise(1);
    const points = chooseKillPoints(2_000, [30, 10], 20, () => noise() + 0.5);
    const count = (file: number, step: string) =>
      points.filter((point) => point.file === file && point.step === step).length;

    expect([...points].sort(comparePoints)).toEqual(points);
    // Thirty bytes of a hundred and forty in each step of the first file, and so on.
    for (const step of ['download', 'check', 'convert']) {
      expect(count(0, step) / 2_000).toBeCloseTo(30 / 140, 1);
      expect(count(1, step) / 2_000).toBeCloseTo(10 / 140, 1);
    }
    expect(count(2, 'finish') / 2_000).toBeCloseTo(20 / 140, 1);
  });
});
