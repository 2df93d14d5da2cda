import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describeWithFfmpeg, requireFfmpeg } from '../../test/videos/ffmpeg-videos.js';
import { sampleFrames } from './sample-frames.js';
import { DEFAULT_PEAK, type HdrTransfer, toneMap } from './tone-map.js';

const TRANSFERS = { pq: 'smpte2084', hlg: 'arib-std-b67' } as const;
const COUNT = 4_096;

/** Gray, saturated and arbitrary colors with 16 bits per channel, from a generator with a fixed seed. */
function createColors(): Uint8Array {
  let state = 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647) % 65_536;
  const colors = Uint16Array.from({ length: COUNT * 3 }, (_, i) =>
    i < COUNT ? Math.floor(i / 3) * 48 : next(),
  );
  return new Uint8Array(colors.buffer);
}

function runFilters(input: readonly string[], filters: string, pixels?: Uint8Array) {
  const args = ['-v', 'error', ...input, '-frames:v', '1', '-vf', filters];
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const { stdout, status } = spawnSync(requireFfmpeg().ffmpegPath, [...args, ...output], {
    input: pixels,
  });
  return status === 0 ? new Uint8Array(stdout) : null;
}

const TO_SDR =
  'format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=gbr:r=full';

function differences(a: Uint8Array, b: Uint8Array) {
  expect(a).toHaveLength(b.length);
  const all = Array.from(a, (value, i) => Math.abs(value - (b[i] ?? NaN)));
  const mean = all.reduce((x, y) => x + y, 0) / all.length;
  const median = all.toSorted((x, y) => x - y)[Math.floor(all.length / 2)];
  return { max: Math.max(...all), mean, median };
}

describe('toneMap', () => {
  it.each([
    // Linear light of PQ 0.5081 is 100 cd/m²; Hable's curve maps 1 of 10 to 0.3125.
    ['pq', Math.round(0.5081 * 65_535), Math.round(255 * 0.3125 ** (1 / 2.4))],
    ['pq', 0, 0],
    ['pq', 65_535, 255],
    ['hlg', 0, 0],
    ['hlg', 65_535, 255],
  ] as const)('maps gray: %s %d to %d', (transfer, signal, expected) => {
    const pixels = new Uint8Array(Uint16Array.of(signal, signal, signal).buffer);

    for (const value of toneMap(pixels, transfer, DEFAULT_PEAK)) {
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(1);
    }
  });
});

describeWithFfmpeg('toneMap and the filters of ffmpeg', () => {
  it.each(['pq', 'hlg'] as const)('agree on colors: %s', (transfer: HdrTransfer) => {
    const pixels = createColors();
    const name = TRANSFERS[transfer];
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb48le', '-s', `64x${COUNT / 64}`, '-i', 'pipe:0'];
    const tags = `tin=${name}:pin=bt2020:min=gbr:rin=full`;
    const reference = runFilters(raw, `zscale=${tags}:t=linear:npl=100,${TO_SDR}`, pixels);
    // Builds without zscale have nothing to compare with.
    if (!reference) return;
    const { max, mean } = differences(toneMap(pixels, transfer, DEFAULT_PEAK), reference);

    console.info(`${transfer}: max ${max}, mean ${mean.toFixed(3)} levels`);
    expect(max).toBeLessThanOrEqual(3);
    expect(mean).toBeLessThan(0.5);
  });

  it.each(['hevc-10bit-pq.mp4', 'hevc-10bit-hlg.mp4'])('agree on the clip %s', async (name) => {
    const path = fileURLToPath(new URL(`../../test/fixtures/clips/${name}`, import.meta.url));
    const sampling = { mode: 'uniform', frames: { count: 1 } } as const;
    const { frames } = await sampleFrames(requireFfmpeg(), path, sampling, 1);
    const reference = runFilters(['-i', path], `zscale=t=linear:npl=100:m=gbr:r=full,${TO_SDR}`);

    for await (const { data } of frames) {
      if (!reference) return;
      const { mean, median } = differences(data, reference);
      console.info(`${name}: mean ${mean.toFixed(3)}, median ${median} levels`);
      // zscale and swscale interpolate chroma differently, which shows at the edges of the test image.
      expect(median).toBeLessThanOrEqual(2);
    }
  });
});
