/**
 * Installs a missing program with the package manager of the system. The npm registry has no package with ffmpeg or a
 * browser that needs no further download; see decisions 0028 and 0041 in docs/decisions.
 */
import { spawnSync } from 'node:child_process';
import { getuid, platform } from 'node:process';

/** In the order in which they are tried. Options such as `-y` prevent questions: the run may be unattended. */
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

/** A mirror that does not respond must not block the set-up. */
const STEP_TIMEOUT_MS = 300_000;

/**
 * Installs a program if this user has the rights. Never throws: if the installation fails, prints the remedy.
 *
 * @param {object} program
 * @param {string} program.name name of the program in messages.
 * @param {string} program.purpose name and purpose: "ffmpeg for videos".
 * @param {Record<string, string>} program.packages name of the package by package manager, without managers that
 *   lack it.
 * @param {string} program.address download page for systems without one of these package managers.
 * @param {string} program.lack sentence about the consequence of its absence.
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
  // sudo would ask for a password, which must not happen in a test run.
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

/** Whether a program exists and starts. */
export function runs(command, argument) {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
}
