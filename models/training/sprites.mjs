// Renders the objects of world/objects.json from the Noto emoji artwork (npm @iconify-json/noto, Apache-2.0) as PNG
// sprites for training. Usage: node models/training/sprites.mjs [OUT_DIR] [SIZE]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = process.argv[2] ?? join(here, 'run', 'sprites');
const size = Number(process.argv[3] ?? 160);
const {
  icons,
  width = 128,
  height = 128,
} = createRequire(import.meta.url)('@iconify-json/noto/icons.json');
const objects = JSON.parse(readFileSync(join(here, 'world', 'objects.json'), 'utf8'));

mkdirSync(outDir, { recursive: true });
for (const { icon, codepoints } of objects) {
  const drawing = icons[icon];
  const box = `0 0 ${drawing.width ?? width} ${drawing.height ?? height}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="${box}">${drawing.body}</svg>`;
  await sharp(Buffer.from(svg))
    .png()
    .toFile(join(outDir, `${codepoints}.png`));
}
console.log(`${objects.length} sprites in ${outDir}`);
