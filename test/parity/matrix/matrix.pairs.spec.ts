import { describeMatrix } from './matrix-tests.js';

describeMatrix(['pairs']);
