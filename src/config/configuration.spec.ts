import { join } from 'node:path';

import { loadConfiguration, PROJECT_DIRECTORY } from './configuration.js';

describe('loadConfiguration', () => {
  it('serves the demo model on the local machine unless told otherwise', () => {
    expect(loadConfiguration({})).toMatchObject({
      home: join(PROJECT_DIRECTORY, '.salamandra'),
      host: '127.0.0.1',
      port: 3000,
      model: 'demo',
      precision: 'int8',
    });
  });

  it('takes what the environment says', () => {
    const env = {
      SALAMANDRA_HOME: '/data/models',
      HOST: '0.0.0.0',
      PORT: '0',
      SALAMANDRA_MODEL: 'other',
      SALAMANDRA_PRECISION: 'fp32',
      SALAMANDRA_THREADS: '3',
    };

    expect(loadConfiguration(env)).toEqual({
      home: '/data/models',
      host: '0.0.0.0',
      port: 0,
      model: 'other',
      precision: 'fp32',
      threads: 3,
    });
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['SALAMANDRA_THREADS', '0'],
    ['SALAMANDRA_THREADS', '1.5'],
    ['SALAMANDRA_THREADS', ''],
  ])('refuses %s=%s and names the variable', (name, value) => {
    expect(() => loadConfiguration({ [name]: value })).toThrow(`${name} must be a whole number`);
  });

  it('refuses an unknown precision', () => {
    expect(() => loadConfiguration({ SALAMANDRA_PRECISION: 'int4' })).toThrow('int8 or fp32');
  });
});
