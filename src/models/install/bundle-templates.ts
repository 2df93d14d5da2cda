import { type ModelManifest, PACKAGE_FILES } from '../package/manifest.js';
import { BUNDLED_PACKAGE } from '../package/resolve-model.js';

/** Service folder inside a bundle. */
export const BUNDLED_SERVICE = 'service';

/** Checksum list in the format of `sha256sum`. */
export const CHECKSUM_FILE = 'SHA256SUMS';

/** README and start scripts of a bundle, by name. */
export function bundleTexts(
  manifest: ModelManifest,
  machine: { readonly platform: string; readonly arch: string; readonly nodeVersion: string },
): ReadonlyMap<string, string> {
  return new Map([
    ['README.md', readme(manifest, machine)],
    ['salamandra', SHELL_START],
    ['salamandra.cmd', WINDOWS_START],
  ]);
}

const SHELL_START = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
: "\${SALAMANDRA_MODEL:=$here/${BUNDLED_PACKAGE}}"
export SALAMANDRA_MODEL
exec node "$here/${BUNDLED_SERVICE}/dist/cli.js" "$@"
`;

const WINDOWS_START = [
  '@echo off',
  `if not defined SALAMANDRA_MODEL set "SALAMANDRA_MODEL=%~dp0${BUNDLED_PACKAGE}"`,
  `node "%~dp0${BUNDLED_SERVICE}\\dist\\cli.js" %*`,
  '',
].join('\r\n');

function readme(
  manifest: ModelManifest,
  { platform, arch, nodeVersion }: Parameters<typeof bundleTexts>[1],
): string {
  const { id, precision, source } = manifest;
  const origin = source.hub
    ? `${source.hub.repository}, commit ${source.hub.commit}`
    : `the checkpoint ${source.name}, revision ${source.revision}`;
  return `# ${id}, ${precision}

A model and the captioning service, for a machine without a network.

| | |
| --- | --- |
| Model | ${source.name}, ${source.architecture} |
| Converted from | ${origin} |
| License of the model | ${source.licence} |
| Precision | ${precision} |
| Platform | ${platform} ${arch}; bundled with Node.js ${nodeVersion} |

## Run it

Requires Node.js 20.19 or newer${manifest.vision ? ', and ffmpeg for videos' : ''}. Nothing is installed or downloaded.

Verify the copy:

    sha256sum --quiet -c ${CHECKSUM_FILE}

Start it from this folder. A copy on an internal disk loads faster than a USB stick:

    sh salamandra serve                    # then open http://127.0.0.1:3000
${examplesFor(manifest)}

On Windows: \`salamandra serve\`. An installed service can load the model as well: \`npx salamandra serve --model PATH/OF/THIS/FOLDER\`.

FAT32 cannot store files above 4 GB. Format USB sticks as exFAT.
`;
}

/** Example commands for the kind of model. */
function examplesFor({ vision, files }: ModelManifest): string {
  if (vision) {
    return [
      '    sh salamandra caption image.jpg',
      '    sh salamandra ask image.jpg "What is on the left?"',
    ].join('\n');
  }
  return files[PACKAGE_FILES.chatTemplate]
    ? '    sh salamandra ask "What is a salamander?"'
    : '    sh salamandra complete "A salamander is"';
}
