import { measurePageWeight } from './support/measure-page-weight.js';

it('weighs less than 150 kB compressed', () => {
  expect(measurePageWeight()).toBeGreaterThan(0);
  expect(measurePageWeight()).toBeLessThan(150_000);
});
