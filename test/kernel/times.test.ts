/** Time in signatures: skew, expiry, and clocks of which one was moved. */
import type { Clock } from '../../runtime/base/clock';
import { authenticate, DAY, known, newClock, request } from './asking';

let clock: Clock;
beforeEach(() => {
  clock = newClock();
});

describe('time', () => {
  const minutes = (n: number) => new Date(clock.now() + n * 60_000);

  test.each([-14, 0, 14])('%i minutes off are fine', async (off) => {
    expect((await authenticate({ signingDate: minutes(off) })).principal.kind).toBe('root');
  });

  test.each([-16, 16])('%i minutes off are not', async (off) => {
    await expect(authenticate({ signingDate: minutes(off) })).rejects.toMatchObject({
      code: 'RequestTimeTooSkewed',
      status: 403,
      fields: { MaxAllowedSkewMilliseconds: 900_000 },
    });
    const elsewhere = authenticate({ service: 'kms', signingDate: minutes(off) }, 'json');
    await expect(elsewhere).rejects.toThrow(
      off < 0 ? /^Signature expired: .* - 15 min/ : /^Signature not yet current: .* \+ 15 min/,
    );
  });

  test('a client whose clock did not move along is understood, as is one whose clock did', async () => {
    clock.skip(30 * DAY);
    expect((await authenticate()).principal.kind).toBe('root');
    expect((await authenticate({ signingDate: new Date(clock.now()) })).principal.kind).toBe('root');
  });

  test('a request signed before a move is stale after it', async () => {
    const signingDate = new Date(Date.now() - 2000);
    clock.skip(DAY);
    await expect(authenticate({ signingDate })).rejects.toMatchObject({ code: 'RequestTimeTooSkewed' });
  });

  test('a URL ends when its time is over', async () => {
    expect((await authenticate({ expiresIn: 3600, signingDate: minutes(-59) })).principal.kind).toBe('root');
    await expect(authenticate({ expiresIn: 3600, signingDate: minutes(-61) })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      fields: { 'X-Amz-Expires': 3600 },
    });
    await expect(authenticate({ expiresIn: 60, signingDate: minutes(20) })).rejects.toMatchObject({
      message: 'Request is not valid yet',
    });
  });

  test('moves count for a URL signed before them, not for one signed after', async () => {
    const before = { expiresIn: 3600, signingDate: new Date(Date.now() - 5000) };
    clock.skip(1800_000);
    expect((await authenticate(before)).principal.kind).toBe('root');
    clock.skip(1800_000);
    await expect(authenticate(before)).rejects.toThrow('Request has expired');
    const after = { expiresIn: 3600, signingDate: new Date(Date.now() + 1000) };
    expect((await authenticate(after)).principal.kind).toBe('root');
    const byVirtualTime = { expiresIn: 3600, signingDate: new Date(clock.now()) };
    expect((await authenticate(byVirtualTime)).principal.kind).toBe('root');
  });

  test('within the second of a move only who signed can tell', async () => {
    const options = { expiresIn: 60, signingDate: new Date(Math.floor(Date.now() / 1000) * 1000) };
    clock.skip(DAY);
    await expect(authenticate(options)).rejects.toThrow('Request has expired');
    known.set(/X-Amz-Signature=(\w+)/.exec((await request(options)).target)![1], clock.now());
    expect((await authenticate(options)).principal.kind).toBe('root');
  });
});
