/**
 * The story of the application-data stack, told over the port by unmodified clients: an upload as the uploader role,
 * the Lambda's answer, presigned reads as the reader role, and three refusals with their reasons.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Coffer } from '@coffer/runtime';

/** Outputs of the stack that the story needs. */
export interface Outputs {
  readonly BucketName: string;
  readonly UploaderRoleArn: string;
  readonly ReaderRoleArn: string;
}

/** Something in the story did not happen as it must. */
export class TaleFailed extends Error {}

/**
 * @param file a real file to upload
 * @param say prints one line
 * @throws TaleFailed
 */
export async function tell(
  coffer: Coffer,
  endpoint: string,
  outputs: Outputs,
  file: string,
  say: (line: string) => void,
): Promise<void> {
  const Bucket = outputs.BucketName;
  const Key = `uploads/${basename(file)}`;
  const result = `results/${basename(file)}.json`;
  const clients: { destroy(): void }[] = [];

  async function actingAs(roleArn: string, name: string): Promise<S3Client> {
    const connection = { endpoint, region: coffer.defaultRegion };
    const sts = new STSClient({ ...connection, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: name }));
    sts.destroy();
    if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey)
      throw new TaleFailed(`no credentials for ${roleArn}`);
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = Credentials;
    const client = new S3Client({
      ...connection,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
    clients.push(client);
    return client;
  }

  /** Runs what must be refused, and says why it was. */
  async function refused(
    who: string,
    attempt: () => Promise<{ status: number; requestId: string | undefined }>,
  ): Promise<void> {
    const { status, requestId } = await attempt();
    const denial = coffer.denials().find((d) => d.requestId === requestId);
    if (status !== 403 || denial === undefined) throw new TaleFailed(`${who} was answered ${status}, not refused`);
    say(`✗ ${who}: ${denial.error}`);
    say(`    ${denial.reason}`);
  }
  const answered = (response: Response) => ({
    status: response.status,
    requestId: response.headers.get('x-amz-request-id') ?? undefined,
  });
  const caught = async (request: Promise<unknown>) => {
    const error = await request.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return { status: 200, requestId: undefined };
    if (!(error instanceof S3ServiceException)) throw error;
    return { status: error.$metadata.httpStatusCode ?? 0, requestId: error.$metadata.requestId };
  };

  try {
    const uploader = await actingAs(outputs.UploaderRoleArn, 'story-uploader');
    const reader = await actingAs(outputs.ReaderRoleArn, 'story-reader');

    const Body = await readFile(file);
    const put = await uploader.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/markdown' }));
    say(
      `✓ the uploader role wrote ${Key}: ${Body.length} bytes, ${put.ServerSideEncryption}, version ${put.VersionId}`,
    );

    const from = performance.now();
    await coffer.settled();
    const link = (key: string) => getSignedUrl(reader, new GetObjectCommand({ Bucket, Key: key }), { expiresIn: 300 });
    const description = await fetch(await link(result));
    if (!description.ok)
      throw new TaleFailed(
        `the Lambda's result ${result} was answered ${description.status}: ${await description.text()}`,
      );
    const described = (await description.json()) as { sizeBytes: number; versionId: string; lines: number };
    if (described.versionId !== put.VersionId)
      throw new TaleFailed(`${result} describes version ${described.versionId}`);
    say(
      `✓ the Lambda, as its own role, wrote ${result} in ${(performance.now() - from).toFixed(0)} ms: ${described.lines} lines`,
    );

    const original = await fetch(await link(Key));
    if (!Body.equals(Buffer.from(await original.arrayBuffer()))) throw new TaleFailed(`${Key} came back changed`);
    say('✓ a presigned URL of the reader role gave both back, byte for byte');

    await refused('an anonymous reader', async () => answered(await fetch(`${endpoint}/${Bucket}/${Key}`)));
    await refused('the reader over plain HTTP', async () =>
      answered(await fetch(await link(Key), { headers: { 'x-coffer-secure-transport': 'false' } })),
    );
    await refused('the uploader, reading', () => caught(uploader.send(new GetObjectCommand({ Bucket, Key }))));
  } finally {
    for (const client of clients) client.destroy();
  }
}
