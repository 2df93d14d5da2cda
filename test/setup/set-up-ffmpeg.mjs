/** Installs ffmpeg, which only videos need. */
import { env } from 'node:process';

import { installPackage, runs } from './install-package.mjs';

const isInstalled = () => Boolean(env.SALAMANDRA_FFMPEG) || runs('ffmpeg', '-version');

/** Installs ffmpeg if it is missing and the user may install it. Prints each step. Never fails. */
export function setUpFfmpeg() {
  if (isInstalled()) return;
  installPackage({
    name: 'ffmpeg',
    purpose: 'ffmpeg for videos',
    packages: {
      'apt-get': 'ffmpeg',
      apk: 'ffmpeg',
      dnf: 'ffmpeg-free',
      pacman: 'ffmpeg',
      brew: 'ffmpeg',
    },
    address: 'https://ffmpeg.org/download.html',
    lack: 'videos are rejected, and their tests are skipped, or fail if CI is set. Everything else works.',
    isInstalled,
  });
}
