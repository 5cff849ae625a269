/** Small objects through the port: signed and presigned GET, durable PUT, against a bare `node:http` in the same run. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { drive } from './load';
import { prepared, preparedGet, recorder } from './prepared';
import type { Row } from './rows';
import { startBare, startServer } from './servers';

const SIZE = 4096;
const SECONDS = 4;

export async function objects(): Promise<Row[]> {
  const [server, bare] = [await startServer(), await startBare(SIZE)];
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: 'bench' }));
    const body = Buffer.alloc(SIZE, 'x');
    await client.send(new PutObjectCommand({ Bucket: 'bench', Key: 'object', Body: body }));
    const record = recorder(server.port);
    const get = new GetObjectCommand({ Bucket: 'bench', Key: 'object' });
    const signed = await prepared(() => record.send(get));
    const head = await prepared(() => record.send(new HeadObjectCommand({ Bucket: 'bench', Key: 'object' })));
    const presigned = preparedGet(await getSignedUrl(client, get, { expiresIn: 3600 }));
    const puts = await Promise.all(
      Array.from({ length: 1024 }, (_, n) =>
        prepared(() => record.send(new PutObjectCommand({ Bucket: 'bench', Key: `many/${n}`, Body: body }))),
      ),
    );
    const run = (port: number, requests: string[], connections: number, seconds = SECONDS) =>
      drive({ port, requests, connections, seconds });

    await run(server.port, [signed], 32, 2); // warm both
    await run(bare.port, [signed], 32, 1);
    const bareRate = await run(bare.port, [signed], 32);
    const bareWide = await run(bare.port, [signed], 64);
    const rows: Row[] = [
      { name: 'bare node:http, 4 KiB answers', value: `${bareRate.perSecond.toFixed(0)} /s`, target: '' },
    ];
    for (const [name, requests] of [
      ['signed GET 4 KiB', [signed]],
      ['presigned GET 4 KiB', [presigned]],
      ['signed HEAD', [head]],
    ] as const) {
      const rate = await run(server.port, [...requests], 32);
      rows.push({
        name,
        value: `${((100 * rate.perSecond) / bareRate.perSecond).toFixed(0)} % of bare (${rate.perSecond.toFixed(0)} /s, p99 ${rate.p99.toFixed(1)} ms, ${rate.failed} failed)`,
        target: name === 'signed HEAD' ? '' : '≥ 35 %',
      });
    }
    const rate = await run(server.port, puts, 64);
    rows.push({
      name: 'durable PUT 4 KiB, 64 connections',
      value: `${((100 * rate.perSecond) / bareWide.perSecond).toFixed(1)} % of bare (${rate.perSecond.toFixed(0)} /s of ${bareWide.perSecond.toFixed(0)} /s, p99 ${rate.p99.toFixed(1)} ms, ${rate.failed} failed)`,
      target: '≥ 12.5 % (5,000 of 40,000)',
    });
    return rows;
  } finally {
    client.destroy();
    await server.stop();
    await bare.stop();
  }
}
