/**
 * `npm run trial:layout`: plans the package of the 40B model in every precision from its small files, checks the graphs
 * like those of a package, and streams all shards from the fake hub to compare their hashes and headers with the
 * listing and the plan. Stores nothing. Streams 81 GB. The first run also hashes them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';

import {
  readCheckpointFiles,
  parseWeightIndex,
  SMALL_FILES,
  WEIGHT_INDEX_FILE,
} from '../../src/models/convert/checkpoint/checkpoint-files.js';
import { type ConversionPlan, planConversion } from '../../src/models/convert/plan-conversion.js';
import {
  LENGTH_FIELD_BYTES,
  parseHeaderLength,
  parseSafetensorsHeader,
} from '../../src/models/convert/checkpoint/safetensors.js';
import type { TensorOrigin } from '../../src/models/convert/checkpoint/tensor-names.js';
import { createHubClient } from '../../src/models/hub/hub-client.js';
import type { HubFile } from '../../src/models/hub/hub-snapshot.js';
import { checkGraph } from '../../src/models/package/graph/check-graph.js';
import { decoderInputs, headInputs } from '../../src/models/package/graph/graph-inputs.js';
import { PACKAGE_FILES, PRECISIONS } from '../../src/models/package/manifest.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { startFakeHub } from './fake-hub.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const HEADER_BYTES = 1 << 20;

const checkpoint = createSyntheticCheckpoint(SHAPES['40b']);
const folder = createTemporaryFolder();
const directory = folder.path('checkpoint');
mkdirSync(directory);
console.log(`${checkpoint.repository}: hashing what the hub serves`);
const hub = await startFakeHub([{ ...checkpoint, access: 'open' }]);
const client = createHubClient({ endpoint: hub.url, token: null, network: 'online' });
const waiting = { onPause: () => undefined, signal: new AbortController().signal };
try {
  const snapshot = await client.resolveSnapshot(checkpoint.repository, null, waiting);
  for (const name of [...SMALL_FILES, WEIGHT_INDEX_FILE]) {
    const file = snapshot.files.get(name);
    const progress = { ...waiting, onProgress: () => undefined };
    if (file) await client.download(snapshot, file, `${directory}/${name}`, progress);
  }
  const files = await readCheckpointFiles(directory);
  const index = parseWeightIndex(readFileSync(`${directory}/${WEIGHT_INDEX_FILE}`));
  for (const precision of PRECISIONS) {
    const tensors = Array.from(index, ([name, file]) => ({ name, file }));
    const plan = planConversion(files, tensors, precision);
    checkGraphs(plan);
    console.log(`${precision}: a package of ${gigabytes(plan.bytes)} GB, graphs checked`);
  }

  const tensors: TensorOrigin[] = [];
  const startMs = performance.now();
  for (const shard of [...new Set(index.values())].sort()) {
    const names = await streamShard(snapshot.files.get(shard)!);
    tensors.push(...names.map((name) => ({ name, file: shard })));
  }
  planConversion(files, tensors, 'int4');
  const seconds = (performance.now() - startMs) / 1000;
  const streamed = [...hub.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  console.log(
    `${tensors.length} tensors in ${gigabytes(streamed)} GB, ${seconds.toFixed(0)} s, ` +
      `hashes and headers right, ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB of memory with the hub`,
  );
} finally {
  client.close();
  await hub.close();
  folder.remove();
}

function checkGraphs({ contents, weightFiles, description }: ConversionPlan): void {
  const { decoder } = description;
  const graphs = [
    { file: PACKAGE_FILES.decoder, inputs: decoderInputs(decoder) },
    { file: PACKAGE_FILES.prefill, inputs: decoderInputs(decoder) },
    { file: PACKAGE_FILES.head, inputs: headInputs(decoder) },
  ];
  for (const { file, inputs } of graphs) {
    const graph = contents.get(file);
    const name = `${file}.data`;
    if (graph) checkGraph(graph, { name, bytes: weightFiles.get(name) ?? 0 }, inputs);
  }
}

/** Hashes a shard while it streams and returns the tensor names in its header. */
async function streamShard({ name, bytes, checksum }: HubFile): Promise<string[]> {
  const response = await fetch(`${hub.url}/${checkpoint.repository}/resolve/main/${name}`);
  const hash = createHash('sha256');
  const start: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of response.body! as unknown as AsyncIterable<Uint8Array>) {
    if (received < HEADER_BYTES) start.push(chunk);
    received += chunk.length;
    hash.update(chunk);
  }
  if (received !== bytes || hash.digest('hex') !== checksum.hex) {
    throw new Error(`${name}: the hash differs from the listing of the hub`);
  }
  const beginning = Buffer.concat(start);
  const length = parseHeaderLength(beginning, bytes);
  const header = beginning.subarray(LENGTH_FIELD_BYTES, LENGTH_FIELD_BYTES + length);
  console.log(`${name}: ${gigabytes(bytes)} GB`);
  return [...parseSafetensorsHeader(header, bytes).keys()];
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}
