/** Large bodies: 1 GiB up in parts and down again, and how much memory the server needed for it. */
import { Readable } from 'node:stream';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { mebibytes, type Row } from './rows';
import { resident, startServer } from './servers';

const GIB = 1024 ** 3;

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
    const chunk = Buffer.alloc(1024 * 1024, 'coffer');
    const source = Readable.from(
      (function* () {
        for (let n = 0; n < GIB / chunk.length; n++) yield chunk;
      })(),
    );
    const upFrom = performance.now();
    await new Upload({
      client,
      params: { Bucket: 'bench', Key: 'large', Body: source },
      partSize: 16 * 1024 * 1024,
      queueSize: 4,
    }).done();
    const upSeconds = (performance.now() - upFrom) / 1000;
    const afterUp = await resident(server.pid);
    const downFrom = performance.now();
    const object = await client.send(new GetObjectCommand({ Bucket: 'bench', Key: 'large' }));
    let received = 0;
    for await (const part of object.Body as Readable) received += (part as Buffer).length;
    const downSeconds = (performance.now() - downFrom) / 1000;
    if (received !== GIB) throw new Error(`received ${received} bytes`);
    const afterDown = await resident(server.pid);
    return [
      { name: '1 GiB up, 16 MiB parts, 4 at once', value: `${(1024 / upSeconds).toFixed(0)} MiB/s`, target: '' },
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
