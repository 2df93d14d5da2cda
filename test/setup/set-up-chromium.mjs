/**
 * The page is tested in Chromium. `npm test` and whatever else opens the page run this file first: it installs Chromium where
 * it is missing and can be installed. Users of the service, and the demo, need none.
 */
import { findChromium } from './find-chromium.mjs';
import { installPackage } from './install-package.mjs';

const isInstalled = () => findChromium() !== undefined;

if (!isInstalled()) {
  installPackage({
    name: 'Chromium',
    purpose: 'Chromium for the tests of the page',
    packages: { 'apt-get': 'chromium', apk: 'chromium', dnf: 'chromium', pacman: 'chromium' },
    address: 'https://www.chromium.org, or name one in SALAMANDRA_CHROMIUM',
    lack: 'the tests of the page in a browser are skipped; everything else works.',
    isInstalled,
  });
}
