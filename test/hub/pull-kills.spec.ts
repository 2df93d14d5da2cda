import { createNoise } from '../tiny-model/tiny-checkpoint.js';
import { runPull } from './interrupted-pull.js';
import { chooseKillPoints, comparePoints } from './kill-points.js';
import { createPullFixture } from './pull-fixture.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const KILLS = 20;
/** More points than kills: the pull may end before the last ones, since its last steps take milliseconds. */
const POINTS = 32;
/** Slow enough that a kill hits its step and that few bytes are in flight. */
const BYTES_PER_SECOND = 1_000_000;

// The progress of a process is read from /proc.
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a pull that is killed', () => {
  onLinux(
    'resumes after each of twenty kills and downloads less than one shard again',
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
      // This process does the rest, if any is left after the last kill.
      const pulled = await fixture.pull({});
      const again = fixture.sentAgain();
      await fixture.close();

      const kills = ends.filter((end) => end === 'killed').length;
      // After the first complete pull, the later ones have nothing to do.
      expect(ends).toEqual([
        ...Array<string>(kills).fill('killed'),
        ...Array<string>(POINTS - kills).fill('done'),
      ]);
      // A kill point before the last file is always hit, at the latest in the next step.
      const certain = points.filter(({ file }) => file < weights.length - 1).length;
      expect(kills).toBeGreaterThanOrEqual(certain);
      expect(certain).toBeGreaterThanOrEqual(KILLS);
      expect(pulled.manifest).toEqual(manifest);
      expect(again).toBeLessThan(Math.max(...sizes));
    },
    300_000,
  );

  it('is killed at points spread over all of its steps, in ascending order', () => {
    const noise = createNoise(1);
    const points = chooseKillPoints(2_000, [30, 10], 20, () => noise() + 0.5);
    const count = (file: number, step: string) =>
      points.filter((point) => point.file === file && point.step === step).length;

    expect([...points].sort(comparePoints)).toEqual(points);
    // 30 of 140 bytes are in each step of the first file, 10 in each of the second, 20 in the last.
    for (const step of ['download', 'check', 'convert']) {
      expect(count(0, step) / 2_000).toBeCloseTo(30 / 140, 1);
      expect(count(1, step) / 2_000).toBeCloseTo(10 / 140, 1);
    }
    expect(count(2, 'finish') / 2_000).toBeCloseTo(20 / 140, 1);
  });
});
