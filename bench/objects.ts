/**
 * Small objects through the port: signed and presigned GET, durable PUT, against a bare `node:http` in the same run. Both
 * are measured by turns, in short rounds, and the median of the rounds' ratios counts: what else the machine does hits
 * both alike.
 */
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { drive, type Rate } from './load';
import { prepared, preparedGet, recorder } from './prepared';
import { median, type Row } from './rows';
import { startBare, startServer } from './servers';

const SIZE = 4096;
const ROUNDS = 5;
const SECONDS = 1.5;

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
    const measured: readonly Measured[] = [
      { name: 'signed GET 4 KiB', requests: [signed], connections: 32, target: '≥ 35 %' },
      { name: 'presigned GET 4 KiB', requests: [presigned], connections: 32, target: '≥ 35 %' },
      { name: 'signed HEAD', requests: [head], connections: 32, target: '' },
      {
        name: 'durable PUT 4 KiB, 64 connections',
        requests: puts,
        connections: 64,
        target: '≥ 12.5 % (5,000 of 40,000)',
      },
    ];
    const bareRates: number[] = [];
    const rows: Row[] = [];
    for (const { name, requests, connections, target } of measured) {
      await drive({ port: server.port, requests, connections, seconds: 2 }); // warm
      const rounds: Round[] = [];
      for (let n = 0; n < ROUNDS; n++) {
        const beside = await drive({ port: bare.port, requests: [signed], connections, seconds: SECONDS });
        const rate = await drive({ port: server.port, requests, connections, seconds: SECONDS });
        bareRates.push(beside.perSecond);
        rounds.push({ ...rate, share: rate.perSecond / beside.perSecond });
      }
      rows.push({ name, value: summary(rounds), target });
    }
    return [
      { name: 'bare node:http, 4 KiB answers', value: `${median(bareRates).toFixed(0)} /s`, target: '' },
      ...rows,
    ];
  } finally {
    client.destroy();
    await server.stop();
    await bare.stop();
  }
}

interface Measured {
  readonly name: string;
  readonly requests: readonly string[];
  readonly connections: number;
  readonly target: string;
}

interface Round extends Rate {
  /** Of the rate of the bare server just before. */
  readonly share: number;
}

function summary(rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  return `${(100 * of(({ share }) => share)).toFixed(1)} % of bare (${of(({ perSecond }) => perSecond).toFixed(0)} /s, p99 ${of(({ p99 }) => p99).toFixed(1)} ms, ${failed} failed)`;
}
