import { env } from 'node:process';

/** A program of the platform that some specs cannot do without. */
export interface RequiredProgram {
  readonly name: string;
  readonly isInstalled: boolean;
  /** How to get it, as a sentence. */
  readonly remedy: string;
}

/** `describe` for specs that need a program. See `whenInstalled` for a machine without it. */
export function describeWith(program: RequiredProgram): typeof describe {
  return whenInstalled(program, describe, (title) =>
    describe(title, () => it(`needs ${program.name}`, () => failWithout(program))),
  );
}

/** `it` for a test that needs a program. See `whenInstalled` for a machine without it. */
export function itWith(program: RequiredProgram): typeof it {
  return whenInstalled(program, it, (title) => it(title, () => failWithout(program)));
}

/**
 * Without the program, tests are skipped on a developer's machine and fail where CI is set: a run that nobody watches
 * must not pass because its tests did not run.
 */
function whenInstalled<T extends jest.Describe | jest.It>(
  program: RequiredProgram,
  run: T,
  fail: (title: string) => void,
): T {
  if (program.isInstalled) return run;
  return isSet(env['CI']) ? (fail as T) : (run.skip as T);
}

/** Some tools set CI to `false` outside of it. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}

function failWithout({ name, remedy }: RequiredProgram): never {
  throw new Error(`${name} is not installed, and CI is set, so its tests must run. ${remedy}`);
}
