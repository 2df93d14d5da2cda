import { measurePageWeight } from './page-weight.js';

it('weighs less than 150 kB on the way', () => {
  expect(measurePageWeight()).toBeGreaterThan(0);
  expect(measurePageWeight()).toBeLessThan(150_000);
});
