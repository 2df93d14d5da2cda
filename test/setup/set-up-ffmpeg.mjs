/** Clips need ffmpeg. Everything but clips works without. */
import { env } from 'node:process';

import { installPackage, runs } from './install-package.mjs';

const isInstalled = () => Boolean(env.SALAMANDRA_FFMPEG) || runs('ffmpeg', '-version');

/** Installs ffmpeg where it is missing and can be installed. Says what it does; never fails. */
export function setUpFfmpeg() {
  if (isInstalled()) return;
  installPackage({
    name: 'ffmpeg',
    purpose: 'ffmpeg for clips',
    packages: {
      'apt-get': 'ffmpeg',
      apk: 'ffmpeg',
      dnf: 'ffmpeg-free',
      pacman: 'ffmpeg',
      brew: 'ffmpeg',
    },
    address: 'https://ffmpeg.org/download.html',
    lack: 'clips will be refused and their tests are skipped; everything else works.',
    isInstalled,
  });
}
