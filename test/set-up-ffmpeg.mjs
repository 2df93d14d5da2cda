/**
 * Clips need ffmpeg, which no maintained package of the npm registry carries; the README's decision log says more. Where
 * it is missing and the platform's package manager can be run as this user, it is installed; otherwise the command is
 * named and everything but clips works.
 */
import { spawnSync } from 'node:child_process';
import { env, getuid, platform } from 'node:process';

/** In the order they are tried. `-y` and the like: nobody may be there to answer. */
const PACKAGE_MANAGERS = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: [
      ['update', '-q'],
      ['install', '-y', '-q', '--no-install-recommends', 'ffmpeg'],
    ],
  },
  { command: 'apk', needsRoot: true, steps: [['add', '--no-cache', 'ffmpeg']] },
  { command: 'dnf', needsRoot: true, steps: [['install', '-y', 'ffmpeg-free']] },
  { command: 'pacman', needsRoot: true, steps: [['-Sy', '--noconfirm', 'ffmpeg']] },
  { command: 'brew', needsRoot: false, steps: [['install', 'ffmpeg']] },
];

/** A mirror that does not answer must not hold up everything else. */
const STEP_TIMEOUT_MS = 300_000;

/** Installs ffmpeg where it is missing and can be installed. Says what it does; never fails. */
export function setUpFfmpeg() {
  if (env.SALAMANDRA_FFMPEG || runs('ffmpeg', '-version')) return;
  const manager = PACKAGE_MANAGERS.find(({ command }) => runs(command, '--version'));
  if (!manager) {
    say('Install it from https://ffmpeg.org/download.html.');
    return;
  }
  const { command, needsRoot, steps } = manager;
  const spelled = steps.map((step) => `${command} ${step.join(' ')}`).join(' && ');
  // Nobody is asked for a password by a test run.
  if (needsRoot && (platform === 'win32' || getuid() !== 0)) {
    say(`Install it with: sudo sh -c '${spelled}'`);
    return;
  }
  console.log(`Installing ffmpeg for clips (${spelled}), which can take a minute ...`);
  const succeeded = steps.every(
    (step) => spawnSync(command, step, { stdio: 'ignore', timeout: STEP_TIMEOUT_MS }).status === 0,
  );
  if (!succeeded || !runs('ffmpeg', '-version')) say(`This failed: ${spelled}`);
}

function runs(command, argument) {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
}

function say(remedy) {
  console.warn(
    `ffmpeg is missing: clips will be refused and their tests are skipped; everything else works. ${remedy}`,
  );
}
