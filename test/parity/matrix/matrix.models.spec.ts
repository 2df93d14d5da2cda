import { describeMatrix } from './matrix-tests.js';

describeMatrix([
  'layouts and towers',
  'decoder families',
  'output heads',
  'rotary position embeddings',
]);
