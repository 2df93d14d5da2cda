import sharp from 'sharp';

const [WIDTH, HEIGHT] = [640, 480];

/** Draws a PNG of colored waves. Each seed gives another image, so that no cache hit occurs between images. */
export async function createImage(seed: number): Promise<Uint8Array> {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y, channel] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH), i % 3];
    pixels[i] = 128 + 127 * Math.sin((x * (seed + 1) + y * (channel + 2)) / 97 + seed);
  }
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  return await sharp(pixels, { raw }).png().toBuffer();
}
