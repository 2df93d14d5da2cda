import { env } from 'node:process';

/** A program outside npm that some specs need. */
export interface RequiredProgram {
  readonly name: string;
  readonly isInstalled: boolean;
  /** How to install it, as a sentence. */
  readonly remedy: string;
}

/** `describe` for specs that need a program. If it is missing, see `whenInstalled`. */
export function describeWith(program: RequiredProgram): typeof describe {
  return whenInstalled(program, describe, (title) =>
    describe(title, () => it(`needs ${program.name}`, () => failWithout(program))),
  );
}

/** `it` for a test that needs a program. If it is missing, see `whenInstalled`. */
export function itWith(program: RequiredProgram): typeof it {
  return whenInstalled(program, it, (title) => it(title, () => failWithout(program)));
}

/**
 * Tests without their program are skipped on a developer's machine. They fail if the environment variable CI is set:
 * a CI run must not pass because its tests did not run.
 */
function whenInstalled<T extends jest.Describe | jest.It>(
  program: RequiredProgram,
  run: T,
  fail: (title: string) => void,
): T {
  if (program.isInstalled) return run;
  return isSet(env['CI']) ? (fail as T) : (run.skip as T);
}

/** Some tools set CI to `false` outside CI. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}

function failWithout({ name, remedy }: RequiredProgram): never {
  throw new Error(`${name} is not installed. Its tests must run if CI is set. ${remedy}`);
}
