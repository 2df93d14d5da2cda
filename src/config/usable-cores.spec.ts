import { availableParallelism } from 'node:os';

import { countPhysicalCores, countUsableCores } from './usable-cores.js';

describe('countUsableCores', () => {
  it.each([
    [{ logical: 16, physical: 8, limit: null }, 8],
    [{ logical: 4, physical: 8, limit: null }, 4],
    [{ logical: 64, physical: 32, limit: 2 }, 2],
    [{ logical: 64, physical: null, limit: 1.9 }, 1],
    [{ logical: 8, physical: null, limit: null }, 8],
    [{ logical: 8, physical: 4, limit: 0.2 }, 1],
  ])('counts %j as %p', (cores, usable) => {
    expect(countUsableCores(cores)).toBe(usable);
  });

  it('asks this machine', () => {
    const cores = countUsableCores();

    expect(Number.isInteger(cores)).toBe(true);
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(cores).toBeLessThanOrEqual(availableParallelism());
  });
});

describe('countPhysicalCores', () => {
  const cpuinfo = (ids: readonly (readonly [socket: number, core: number])[]) =>
    ids
      .map(
        ([socket, core], i) => `processor\t: ${i}\nphysical id\t: ${socket}\ncore id\t\t: ${core}`,
      )
      .join('\n\n');

  it('counts hyper-threads of one core once, over all sockets', () => {
    const ids = [
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 0],
    ] as const;

    expect(countPhysicalCores(cpuinfo(ids))).toBe(3);
  });

  it.each(['', 'processor\t: 0\nFeatures\t: fp asimd\n'])('finds none in %j', (text) => {
    expect(countPhysicalCores(text)).toBeNull();
  });
});
