import { describeMatrix } from './matrix-tests.js';

describeMatrix(['refused', 'pairs']);
