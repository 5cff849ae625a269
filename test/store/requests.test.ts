import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../runtime/store/open';
import type { Store } from '../../runtime/store/port';
import { openRequestLog, type RequestLog, type RequestRecord } from '../../runtime/store/requests';

let directory: string;
let store: Store;
let log: RequestLog;
const open = async (kept?: number) => {
  store = await openStore({ directory, durable: false });
  log = await openRequestLog(store, { kept });
};
const close = async () => {
  await log.close();
  await store.close();
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const record = (n: number, more: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: `R${n}`,
  at: n,
  service: 's3',
  operation: 'GetObject',
  principalArn: 'arn:aws:iam::000000000000:root',
  account: '000000000000',
  region: 'us-east-1',
  status: 200,
  sourceIp: '127.0.0.1',
  ...more,
});

test('records are there at once, newest first, and after a restart', async () => {
  await open();
  for (let n = 0; n < 600; n++) log.append(record(n));
  expect((await log.newest({ limit: 3 })).map(({ requestId }) => requestId)).toEqual(['R599', 'R598', 'R597']);
  await log.flush();
  log.append(record(600));
  const all = (await log.newest()).map(({ at }) => at);
  expect(all).toEqual(Array.from({ length: 601 }, (_, i) => 600 - i));
  await close();
  await open();
  log.append(record(601));
  expect((await log.newest()).map(({ at }) => at)).toEqual([601, ...all]);
  expect(await log.find('R17')).toEqual(record(17));
  expect(await log.find('unknown')).toBeUndefined();
  await close();
});

test('a denial keeps its explanation', async () => {
  await open();
  const detail = { action: 's3:GetObject', considered: [{ policy: 'bucket policy', matched: [0], why: null }] };
  log.append(record(1));
  log.append(record(2, { status: 403, errorCode: 'AccessDenied', detail }));
  log.append(record(3, { status: 403, errorCode: 'SignatureDoesNotMatch' }));
  await close();
  await open();
  expect(await log.denials()).toEqual([expect.objectContaining({ requestId: 'R2', detail })]);
  await close();
});

test('the oldest are forgotten', async () => {
  await open(500);
  for (let n = 0; n < 2000; n++) log.append(record(n));
  await log.flush();
  expect((await log.newest({ limit: 5000 })).map(({ at }) => at)).toEqual(
    Array.from({ length: 500 }, (_, i) => 1999 - i),
  );
  await close();
  await open(100);
  log.append(record(2000));
  await log.flush();
  expect((await log.newest({ limit: 5000 })).length).toBe(100);
  await close();
});

test('appending never throws, and what cannot be written is counted', async () => {
  await open();
  for (let n = 0; n < 25_000; n++) log.append(record(n));
  expect(log.dropped()).toBe(5_000);
  await close();
  log.append(record(1));
  await log.flush();
  expect(log.dropped()).toBe(5_001);
});
