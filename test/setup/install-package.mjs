/**
 * Installs a program of the platform where it is missing, with the platform's own package manager. The npm registry
 * carries neither ffmpeg nor a browser without a download of its own; the README's decision log says more.
 */
import { spawnSync } from 'node:child_process';
import { getuid, platform } from 'node:process';

/** In the order they are tried. `-y` and the like: nobody may be there to answer. */
const PACKAGE_MANAGERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: (name) => [
      ['update', '-q'],
      ['install', '-y', '-q', '--no-install-recommends', name],
    ],
  },
  { command: 'apk', needsRoot: true, steps: (name) => [['add', '--no-cache', name]] },
  { command: 'dnf', needsRoot: true, steps: (name) => [['install', '-y', name]] },
  { command: 'pacman', needsRoot: true, steps: (name) => [['-Sy', '--noconfirm', name]] },
  { command: 'brew', needsRoot: false, steps: (name) => [['install', name]] },
];

/** A mirror that does not answer must not hold up everything else. */
const STEP_TIMEOUT_MS = 300_000;

/**
 * Installs a program if this user may. Says what it does, and how to go on where it cannot; never fails.
 *
 * @param {object} program
 * @param {string} program.name how it is called in what is said.
 * @param {string} program.purpose what it is for: "ffmpeg for clips".
 * @param {Record<string, string>} program.packages what each package manager calls it; one that is not named has none.
 * @param {string} program.address where everybody else gets it.
 * @param {string} program.lack what is missing without it.
 * @param {() => boolean} program.isInstalled
 */
export function installPackage({ name, purpose, packages, address, lack, isInstalled }) {
  const say = (remedy) => console.warn(`${name} is missing: ${lack} ${remedy}`);
  const manager = PACKAGE_MANAGERS.find(
    ({ command }) => command in packages && runs(command, '--version'),
  );
  if (!manager) {
    say(`Install it from ${address}.`);
    return;
  }
  const { command, needsRoot } = manager;
  const steps = manager.steps(packages[command]);
  const spelled = steps.map((step) => `${command} ${step.join(' ')}`).join(' && ');
  // Nobody is asked for a password by a test run.
  if (needsRoot && (platform === 'win32' || getuid() !== 0)) {
    say(`Install it with: sudo sh -c '${spelled}'`);
    return;
  }
  console.error(`Installing ${purpose} (${spelled}), which can take a minute ...`);
  const succeeded = steps.every(
    (step) => spawnSync(command, step, { stdio: 'ignore', timeout: STEP_TIMEOUT_MS }).status === 0,
  );
  if (!succeeded || !isInstalled()) say(`This failed: ${spelled}`);
}

/** Whether a program is there and starts. */
export function runs(command, argument) {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
}
