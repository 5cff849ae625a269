/** Large bodies: 1 GiB up in parts and down again, and how much memory the server needed for it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { preparedHead, recorder } from './prepared';
import { mebibytes, type Row } from './rows';
import { resident, startServer } from './servers';

const GIB = 1024 ** 3;
const PART_BYTES = 16 * 1024 * 1024;

const WRITER = `
const { createCipheriv, createHash, randomBytes } = require('node:crypto');
const { openSync, writeSync, fdatasyncSync, closeSync } = require('node:fs');
const { workerData: { path, parts, partBytes } } = require('node:worker_threads');
const file = openSync(path, 'w');
const chunk = Buffer.alloc(1024 * 1024, 'coffer');
for (let part = 0; part < parts; part++) {
  const hash = createHash('md5');
  const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12));
  for (let n = 0; n < partBytes / chunk.length; n++) {
    hash.update(chunk);
    writeSync(file, cipher.update(chunk));
  }
  hash.digest();
  cipher.final();
  fdatasyncSync(file);
}
closeSync(file);`;

/** The same bytes into files with MD5 and AES-GCM, on two threads. @returns seconds */
async function baseline(): Promise<number> {
  const directory = mkdtempSync(join(process.cwd(), '.coffer-bench-'));
  const from = performance.now();
  try {
    const write = (name: string) =>
      new Promise<void>((resolve, reject) => {
        const workerData = { path: join(directory, name), parts: GIB / PART_BYTES / 2, partBytes: PART_BYTES };
        new Worker(WRITER, { eval: true, workerData }).once('error', reject).once('exit', () => resolve());
      });
    await Promise.all([write('a'), write('b')]);
    return (performance.now() - from) / 1000;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Sends parts as the vendor's client signs them, without what that costs the client, over four connections. */
async function sendParts(port: number, heads: readonly Buffer[], body: Buffer): Promise<string[]> {
  const tags: string[] = [];
  let next = 0;
  const one = async () => {
    const socket = connect(port, '127.0.0.1');
    while (next < heads.length) {
      const part = next++;
      socket.write(heads[part]);
      socket.write(body);
      let answer = '';
      while (!answer.includes('\r\n\r\n')) answer += (await once(socket, 'data'))[0];
      const tag = /^etag: *("[^"]*")/im.exec(answer)?.[1];
      if (tag === undefined) throw new Error(answer);
      tags[part] = tag;
    }
    socket.destroy();
  };
  await Promise.all([one(), one(), one(), one()]);
  return tags;
}

async function upload(client: S3Client, port: number): Promise<number> {
  const place = { Bucket: 'bench', Key: 'large' };
  const body = Buffer.alloc(PART_BYTES, 'coffer');
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: 'CRC32' }));
  const recorded = recorder(port);
  const heads: Buffer[] = [];
  for (let PartNumber = 1; PartNumber <= GIB / PART_BYTES; PartNumber++) {
    const part = new UploadPartCommand({ ...place, UploadId, PartNumber, Body: body, ChecksumAlgorithm: 'CRC32' });
    heads.push(await preparedHead(() => recorded.send(part)));
  }
  const ChecksumCRC32 = /x-amz-checksum-crc32: (\S+)/.exec(heads[0].toString())?.[1];
  const from = performance.now();
  const tags = await sendParts(port, heads, body);
  const Parts = tags.map((ETag, n) => ({ ETag, PartNumber: n + 1, ChecksumCRC32 }));
  await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
  return (performance.now() - from) / 1000;
}

export async function bodies(): Promise<Row[]> {
  const server = await startServer();
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: 'bench' }));
    const upSeconds = await upload(client, server.port);
    const afterUp = await resident(server.pid);
    const downFrom = performance.now();
    const object = await client.send(new GetObjectCommand({ Bucket: 'bench', Key: 'large' }));
    let received = 0;
    for await (const part of object.Body as Readable) received += (part as Buffer).length;
    const downSeconds = (performance.now() - downFrom) / 1000;
    if (received !== GIB) throw new Error(`received ${received} bytes`);
    const plainly = await baseline();
    const afterDown = await resident(server.pid);
    return [
      {
        name: '1 GiB up, 16 MiB parts, 4 at once, against MD5 and AES-GCM into a file on two threads',
        value: `${((100 * plainly) / upSeconds).toFixed(0)} % (${(1024 / upSeconds).toFixed(0)} of ${(1024 / plainly).toFixed(0)} MiB/s)`,
        target: '≥ 60 %',
      },
      { name: '1 GiB down', value: `${(1024 / downSeconds).toFixed(0)} MiB/s`, target: '' },
      {
        name: 'most resident memory, up / down',
        value: `${mebibytes(afterUp.peak)} / ${mebibytes(afterDown.peak)}`,
        target: '< 200 MB (191 MiB)',
      },
    ];
  } finally {
    client.destroy();
    await server.stop();
  }
}
