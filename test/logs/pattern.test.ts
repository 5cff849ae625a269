import { compilePattern } from '../../runtime/services/logs/pattern';

const json = JSON.stringify({
  eventType: 'UpdateTrail',
  status: 404,
  latency: 12.5,
  user: { name: 'ann', roles: ['a', 'b'], mail: null },
  ok: true,
  'odd key': 'x',
});
const line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 404 2326';

test.each<[string, string, boolean]>([
  ['', 'anything', true],
  ['ERROR', '[ERROR] failed', true],
  ['ERROR', '[error] failed', false],
  ['ERROR failed', '[ERROR] failed', true],
  ['ERROR missing', '[ERROR] failed', false],
  ['"ERROR] f"', '[ERROR] failed', true],
  ['ERROR -failed', '[ERROR] failed', false],
  ['ERROR -"not there"', '[ERROR] failed', true],
  ['?ERROR ?WARN', 'WARN x', true],
  ['?ERROR ?WARN', 'INFO x', false],
  ['{ $.eventType = "UpdateTrail" }', json, true],
  ['{ $.eventType = Update* }', json, true],
  ['{ $.eventType != "UpdateTrail" }', json, false],
  ['{ $.missing != "x" }', json, true],
  ['{ $.status = 404 }', json, true],
  ['{ $.status >= 400 && $.status < 500 }', json, true],
  ['{ ($.status = 1) || ($.latency > 12 && $.user.name = "a*") }', json, true],
  ['{ $.user.roles[1] = "b" }', json, true],
  ["{ $['odd key'] = x }", json, true],
  ['{ $.user.mail IS NULL }', json, true],
  ['{ $.ok IS TRUE }', json, true],
  ['{ $.ok IS FALSE }', json, false],
  ['{ $.none NOT EXISTS }', json, true],
  ['{ $.status NOT EXISTS }', json, false],
  ['{ $.a = 1 }', 'not json', false],
  ['[ip, id, user, time, request, status = 4*, size]', line, true],
  ['[ip, id, user, time, request = *gif*, status = 404, size > 3000]', line, false],
  ['[..., status = 200 || status = 404, size]', line, true],
  ['[ip, ...]', line, true],
  ['[ip, user]', line, false],
])('%s on %s: %s', (pattern, message, expected) => {
  expect(compilePattern(pattern)(message)).toBe(expected);
});

test.each([
  'ERROR:',
  '"open',
  '{ $.a = }',
  '{ $.a }',
  '{ a = 1 }',
  '{ $.a > x }',
  '{ $.a = 1',
  '{ ($.a = 1 }',
  '[a, ..., b, ...]',
  '[a',
  '%regex%',
  '{ $.a = %x% }',
])('%s is no pattern', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
});
