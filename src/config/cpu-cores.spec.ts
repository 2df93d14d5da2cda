import { availableParallelism } from 'node:os';

import { THREE_CORES, x86Cpuinfo } from '../../test/fakes/cpuinfo.js';
import { countPhysicalCores, countUsableCores } from './cpu-cores.js';

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

  it('counts the cores of this machine', () => {
    const cores = countUsableCores();

    expect(Number.isInteger(cores)).toBe(true);
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(cores).toBeLessThanOrEqual(availableParallelism());
  });
});

describe('countPhysicalCores', () => {
  it('counts the hyper-threads of a core once, over all sockets', () => {
    expect(countPhysicalCores(x86Cpuinfo('sse2', THREE_CORES))).toBe(3);
  });

  it.each(['', 'processor\t: 0\nFeatures\t: fp asimd\n'])('finds none in %j', (text) => {
    expect(countPhysicalCores(text)).toBeNull();
  });
});
