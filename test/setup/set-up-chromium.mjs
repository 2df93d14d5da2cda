/**
 * Installs Chromium for the page tests if it is missing and the user may install it. `npm test` and the scripts that
 * open the page run this file first. The service and the demo do not need Chromium.
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
    lack: 'the page tests are skipped, or fail if CI is set. Everything else works.',
    isInstalled,
  });
}
