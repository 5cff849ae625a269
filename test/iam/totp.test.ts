import { codeAt, findStep, fromBase32, stepAt } from '../../runtime/engine/totp';

const seed = Buffer.from('12345678901234567890');

it.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at second %d the code is that of RFC 6238, appendix B', (second, code) => {
  expect(codeAt(seed, stepAt(second * 1000))).toBe(code);
});

it('finds where codes follow each other, near enough and not again', () => {
  const codes = [codeAt(seed, 1000), codeAt(seed, 1001)];
  expect(findStep(seed, codes, { around: 1002, within: 2 })).toBe(1000);
  expect(findStep(seed, codes, { around: 1003, within: 2 })).toBeUndefined();
  expect(findStep(seed, [...codes].reverse(), { around: 1000, within: 2 })).toBeUndefined();
  expect(findStep(seed, codes, { around: 1000, within: 0, after: 999 })).toBe(1000);
  expect(findStep(seed, codes, { around: 1000, within: 0, after: 1000 })).toBeUndefined();
});

it('reads base32 as RFC 4648 has it', () => {
  expect(Buffer.from(fromBase32('MZXW6YTBOI======')).toString()).toBe('foobar');
  expect(Buffer.from(fromBase32('MZXW6YTB')).toString()).toBe('fooba');
  expect(() => fromBase32('M1')).toThrow(RangeError);
});
