import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SalamandraError } from '../errors/salamandra-error.js';

/** The folder of package.json: `config/` lies two levels below it, in src and in dist alike. */
export const PROJECT_DIRECTORY = fileURLToPath(new URL('../..', import.meta.url));

const PRECISIONS = ['int8', 'fp32'] as const;

/** What the environment decides. */
export interface Configuration {
  /** Folder of converted models. */
  readonly home: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `demo`, the id of a model in `home`, or the folder of a model package. */
  readonly model: string;
  readonly precision: (typeof PRECISIONS)[number];
  /** Threads of one run of a graph. */
  readonly threads: number;
}

/** Reads the environment once. @throws INVALID_PARAMETER naming the variable. */
export function loadConfiguration(
  env: Readonly<Record<string, string | undefined>>,
): Configuration {
  return Object.freeze({
    home: resolve(env['SALAMANDRA_HOME'] ?? join(PROJECT_DIRECTORY, '.salamandra')),
    host: env['HOST'] ?? '127.0.0.1',
    port: parseInteger('PORT', env['PORT'] ?? '3000', 0, 65_535),
    model: env['SALAMANDRA_MODEL'] ?? 'demo',
    precision: parsePrecision(env['SALAMANDRA_PRECISION'] ?? 'int8'),
    threads: parseInteger(
      'SALAMANDRA_THREADS',
      env['SALAMANDRA_THREADS'] ?? String(availableParallelism()),
      1,
      1_024,
    ),
  });
}

/** @throws INVALID_PARAMETER unless the text is a whole number in the range, ends included. */
export function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${name} must be a whole number from ${min} to ${max}.`,
    );
  }
  return value;
}

/** @throws INVALID_PARAMETER unless the text names a precision. */
export function parsePrecision(text: string): Configuration['precision'] {
  const precision = PRECISIONS.find((name) => name === text);
  if (precision === undefined) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The precision must be ${PRECISIONS.join(' or ')}.`,
    );
  }
  return precision;
}
