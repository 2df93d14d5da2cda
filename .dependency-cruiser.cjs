/**
 * The layer map of src/, top to bottom. A folder may import from its own layer and from any layer below;
 * `no-cycles` holds inside a layer.
 */
const LAYERS = [
  ['main.ts', 'cli.ts', 'api', 'cli', 'web', 'library'],
  ['exports'],
  ['review'],
  ['jobs'],
  ['video-captions'],
  ['workers'],
  ['measure'],
  ['engine'],
  ['cache', 'models/install'],
  ['media', 'vision', 'language', 'decoder', 'models/convert', 'models/hub'],
  ['runtime', 'models/package', 'keys'],
  ['tensor', 'errors', 'config'],
];

const SPEC = '\\.spec\\.ts$';

/** What runs in the browser. The service around it, `src/web`, only sends it as files. */
const PAGE = '^src/web/page/';

/** Matches a file of the named folders or files directly under src/. */
function under(...names) {
  return `^src/(${names.map((name) => name.replace('.', '\\.')).join('|')})(/|$)`;
}

/** Matches an installed package, and its types, by the start of its name. */
function packages(...names) {
  return `(^|/)node_modules/(@types/)?(${names.join('|')})(/|$)`;
}

/** Rule: only the named places of src/ import these packages. */
function onlyFrom(places, packageNames) {
  return {
    name: `${packageNames[0].replace(/\W+/g, '-').replace(/^-|-$/g, '')}-only-in-${places[0]}`,
    severity: 'error',
    from: { path: '^src/', pathNot: [under(...places), SPEC] },
    to: { path: packages(...packageNames) },
  };
}

const layerRules = LAYERS.slice(1).map((layer, index) => ({
  name: `${layer.join('-')}-imports-upwards`,
  severity: 'error',
  from: { path: under(...layer), pathNot: SPEC },
  to: { path: under(...LAYERS.slice(0, index + 1).flat()) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...layerRules,
    {
      name: 'convert-imports-too-much',
      comment: 'Conversion translates checkpoints into graphs. It never runs a graph.',
      severity: 'error',
      from: { path: under('models/convert'), pathNot: SPEC },
      to: {
        path: '^src/',
        pathNot: under(
          'models/convert',
          'models/package',
          // Conversion renders prompts to check tokenizer and chat template.
          'language',
          'tensor',
          'errors',
          'config',
        ),
      },
    },
    {
      name: 'convert-imported-from-below',
      comment: 'Only models/install and the entry points convert checkpoints.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [under('models/convert', 'models/install', 'cli', 'cli.ts'), SPEC],
      },
      to: { path: under('models/convert') },
    },
    {
      name: 'decoding-imports-remote',
      comment: 'Decoders get bytes and paths. Only media/remote opens network connections.',
      severity: 'error',
      from: { path: under('media'), pathNot: [under('media/remote'), SPEC] },
      to: { path: under('media/remote') },
    },
    {
      name: 'tensor-imports-nothing',
      severity: 'error',
      from: { path: under('tensor'), pathNot: SPEC },
      to: { path: '^src/', pathNot: under('tensor') },
    },
    {
      name: 'errors-imports-nothing',
      severity: 'error',
      from: { path: under('errors'), pathNot: SPEC },
      to: { path: '^src/', pathNot: under('errors') },
    },
    {
      name: 'worker-imports-server',
      comment: 'A child process loads no HTTP framework and opens no network connection.',
      severity: 'error',
      from: { path: under('workers') },
      to: {
        path: under('api', 'web', 'cli', 'media/remote', 'models/hub', 'main.ts', 'cli.ts'),
      },
    },
    {
      name: 'unknown-folder',
      comment: 'A new folder of src/ gets its place in LAYERS first.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: '^src/', pathNot: under(...LAYERS.flat()) },
    },
    {
      name: 'spec-imported',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: `${SPEC}|^test/` },
    },
    {
      name: 'development-package-in-product',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-imports-service',
      comment:
        'The page runs in a browser, and knows the service by its HTTP interface and its limits.',
      severity: 'error',
      from: { path: PAGE, pathNot: SPEC },
      to: {
        path: '^src/',
        pathNot: [PAGE, '^src/video-captions/webvtt\\.ts$', '^src/config/limits\\.ts$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-imports-node',
      comment: 'A browser has neither the modules of Node nor the packages of the service.',
      severity: 'error',
      from: { path: PAGE, pathNot: SPEC },
      to: {
        pathNot: [
          '^src/',
          packages('preact', '@preact', '@tanstack/virtual-core', 'tus-js-client', 'idb-keyval'),
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-imported',
      comment: 'The page is bundled from its own entry; what runs in Node sends it as files.',
      severity: 'error',
      from: { path: '^src/', pathNot: PAGE },
      to: { path: PAGE },
    },
    { name: 'not-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
    onlyFrom(['runtime'], ['onnxruntime-node', 'onnxruntime-common', 'onnxruntime-web']),
    onlyFrom(['media'], ['sharp', 'fluent-ffmpeg']),
    onlyFrom(['media/jpeg2000'], ['@cornerstonejs/codec-openjpeg']),
    onlyFrom(['media/dicom'], ['dicom-parser']),
    onlyFrom(['media/heif'], ['libheif-js']),
    onlyFrom(['media/jpeg-xl'], ['@jsquash/jxl']),
    onlyFrom(['media/pdf'], ['@hyzyla/pdfium']),
    onlyFrom(['language'], ['@huggingface/jinja']),
    onlyFrom(['models/package'], ['yaml']),
    onlyFrom(['models/hub'], ['@huggingface/hub', 'https?-proxy-agent', 'proxy-from-env']),
    onlyFrom(['media/remote'], ['ipaddr.js']),
    onlyFrom(['api', 'main.ts'], ['@nestjs']),
    onlyFrom(['api/jobs/uploads'], ['@tus']),
    onlyFrom(['api/observability/metrics.ts'], ['prom-client']),
    onlyFrom(['web/page'], ['preact', '@preact']),
    onlyFrom(['web/page/jobs/grid/use-row-virtualizer.ts'], ['@tanstack/virtual-core']),
    onlyFrom(['web/page/jobs/new/send-upload.ts'], ['tus-js-client']),
    onlyFrom(['web/page'], ['idb-keyval']),
    onlyFrom(['web'], ['compression']),
    onlyFrom(['jobs/database/sqlite-file.ts'], ['libsql']),
    onlyFrom(['jobs/database/open-database.ts'], ['pg']),
    onlyFrom(['jobs', 'review'], ['kysely']),
    onlyFrom(['jobs/sources'], ['csv-parse', 'yauzl', 'picomatch']),
    onlyFrom(['exports/xmp'], ['@xmldom']),
    onlyFrom(['exports/csv-rows.ts'], ['csv-stringify']),
    onlyFrom(['exports/zip.ts'], ['client-zip']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The launcher sets up the checkout before anything is built: it may import test/setup and dist.
    exclude: { path: '^src/salamandra\\.mjs$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
