import { type ModelManifest, PACKAGE_FILES } from '../package/manifest.js';
import { BUNDLED_PACKAGE } from '../package/resolve-model.js';

/** The folder of the service in a bundle. */
export const BUNDLED_SERVICE = 'service';

/** Name of the list that `sha256sum -c` reads. */
export const CHECKSUM_FILE = 'SHA256SUMS';

/** The small files of a bundle, by name. Those that start the service are executable. */
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
    : `a checkpoint called ${source.name}, revision ${source.revision}`;
  return `# ${id}, ${precision}

A model and the service that runs it, for a machine without a network.

| | |
| --- | --- |
| Model | ${source.name}, ${source.architecture} |
| Made from | ${origin} |
| Licence of the model | ${source.licence} |
| Precision | ${precision} |
| Made for | ${platform} ${arch}, with Node.js ${nodeVersion} |

## On the other machine

It needs Node.js 20.19 or newer${manifest.vision ? ', and ffmpeg where clips are to be read' : ''}. Nothing is installed, and nothing is fetched.

Check that every byte arrived:

    sha256sum --quiet -c ${CHECKSUM_FILE}

Run it, from this folder or from a copy of it on a disk, which is faster than a stick:

    sh salamandra serve                    # then open http://127.0.0.1:3000
${examplesFor(manifest)}

On Windows it is \`salamandra serve\`. An installed service runs the model too: \`salamandra serve --model PATH/OF/THIS/FOLDER\`.

Sticks formatted as FAT32 hold no file above 4 GB; exFAT and ext4 do.
`;
}

/** What such a model can be asked for. */
function examplesFor({ vision, files }: ModelManifest): string {
  if (vision) {
    return [
      '    sh salamandra caption picture.jpg',
      '    sh salamandra ask picture.jpg "What is on the left?"',
    ].join('\n');
  }
  return files[PACKAGE_FILES.chatTemplate]
    ? '    sh salamandra ask "What is a salamander?"'
    : '    sh salamandra complete "A salamander is"';
}
