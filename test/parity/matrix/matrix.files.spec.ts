import { describeMatrix } from './matrix-tests.js';

describeMatrix(['storage types', 'file generations', 'processors', 'tokenizers and templates']);
