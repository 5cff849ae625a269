/** The unmodified aws CLI against the port, with plain credentials. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { describeWith, environment, type Outcome, run } from './command';

jest.setTimeout(120_000);

describeWith('the aws CLI', ['aws', '--version'])('aws', () => {
  let coffer: Coffer;
  let endpoint: string;
  let directory: string;
  const aws = (...args: string[]): Promise<Outcome> => run('aws', args, environment(endpoint), directory);
  const ok = async (...args: string[]): Promise<string> => {
    const outcome = await aws(...args);
    if (outcome.code !== 0) throw new Error(`aws ${args.join(' ')}: ${outcome.code}\n${outcome.out}${outcome.err}`);
    return outcome.out;
  };
  const json = async (...args: string[]) => JSON.parse(await ok(...args, '--output', 'json'));

  beforeAll(async () => {
    coffer = await startCoffer();
    endpoint = await coffer.listen({ port: 0 });
    directory = await mkdtemp(join(tmpdir(), 'coffer-aws-'));
    await mkdir(join(directory, 'tree/deep'), { recursive: true });
    await writeFile(join(directory, 'tree/a.txt'), 'alpha\n');
    await writeFile(join(directory, 'tree/deep/b c+d.txt'), 'beta\n');
    await writeFile(join(directory, 'tree/large.bin'), randomBytes(20 * 1024 * 1024));
  });
  afterAll(async () => {
    await coffer.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('s3 mb, cp, ls, sync, presign, rm, rb', async () => {
    await ok('s3', 'mb', 's3://first');
    await ok('s3', 'cp', 'tree/a.txt', 's3://first/copied.txt');
    expect(await ok('s3', 'ls', 's3://first/')).toMatch(/ 6 copied\.txt/);

    await ok('s3', 'sync', 'tree', 's3://first/tree');
    expect((await ok('s3', 'ls', 's3://first/tree/', '--recursive')).trim().split('\n')).toHaveLength(3);
    expect(await ok('s3', 'sync', 'tree', 's3://first/tree')).toBe('');

    await ok('s3', 'sync', 's3://first/tree', 'back');
    const digest = async (path: string) =>
      createHash('sha256')
        .update(await readFile(join(directory, path)))
        .digest('hex');
    expect((await readdir(join(directory, 'back'), { recursive: true })).sort()).toEqual(
      (await readdir(join(directory, 'tree'), { recursive: true })).sort(),
    );
    for (const path of ['a.txt', 'deep/b c+d.txt', 'large.bin']) {
      expect(await digest(`back/${path}`)).toBe(await digest(`tree/${path}`));
    }

    const url = (await ok('s3', 'presign', 's3://first/copied.txt')).trim();
    expect(await (await fetch(url)).text()).toBe('alpha\n');
    expect((await fetch(url.replace(/Signature=.{4}/, 'Signature=0000'))).status).toBe(403);

    await ok('s3', 'cp', 's3://first/tree/large.bin', 's3://first/again.bin');
    await ok('s3', 'mv', 's3://first/again.bin', 's3://first/moved.bin');
    expect((await aws('s3', 'rb', 's3://first')).err).toContain('BucketNotEmpty');
    await ok('s3', 'rm', 's3://first', '--recursive');
    await ok('s3', 'rb', 's3://first');
    expect((await aws('s3', 'ls', 's3://first')).err).toContain('NoSuchBucket');
  });

  test('s3api select-object-content', async () => {
    await ok('s3', 'mb', 's3://asked');
    await writeFile(join(directory, 'people.csv'), 'name,age\nAnn,31\nBob,7\n');
    await ok('s3', 'cp', 'people.csv', 's3://asked/people.csv');
    const select = (expression: string) =>
      aws(
        ...['s3api', 'select-object-content', '--bucket', 'asked', '--key', 'people.csv', '--expression-type', 'SQL'],
        ...['--input-serialization', '{"CSV":{"FileHeaderInfo":"USE"},"CompressionType":"NONE"}'],
        ...['--output-serialization', '{"JSON":{}}', '--expression', expression, 'selected.json'],
      );
    expect((await select('SELECT s.name FROM S3Object s WHERE CAST(s.age AS INT) > 8')).code).toBe(0);
    expect(await readFile(join(directory, 'selected.json'), 'utf8')).toBe('{"name":"Ann"}\n');
    expect((await select('SELECT CAST(s.name AS INT) FROM S3Object s')).err).toContain('(CastFailed)');
  });

  test('s3api: versions, tags, configuration, conditional writes', async () => {
    await ok('s3api', 'create-bucket', '--bucket', 'second', '--region', 'us-east-1');
    await ok('s3api', 'put-bucket-versioning', '--bucket', 'second', '--versioning-configuration', 'Status=Enabled');
    const one = await json('s3api', 'put-object', '--bucket', 'second', '--key', 'k', '--body', 'tree/a.txt');
    const two = await json('s3api', 'put-object', '--bucket', 'second', '--key', 'k', '--body', 'tree/deep/b c+d.txt');
    expect(one.VersionId).not.toBe(two.VersionId);
    const versions = await json('s3api', 'list-object-versions', '--bucket', 'second');
    expect(versions.Versions.map((v: { VersionId: string }) => v.VersionId)).toEqual([two.VersionId, one.VersionId]);
    await ok(
      's3api',
      'put-object-tagging',
      '--bucket',
      'second',
      '--key',
      'k',
      '--tagging',
      'TagSet=[{Key=a,Value=b}]',
    );
    const tags = await json('s3api', 'get-object-tagging', '--bucket', 'second', '--key', 'k');
    expect(tags.TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
    const range = ['--range', 'bytes=1-3', 'range.txt'];
    const part = await json('s3api', 'get-object', '--bucket', 'second', '--key', 'k', ...range);
    expect(part.ContentRange).toBe('bytes 1-3/5');
    expect(await readFile(join(directory, 'range.txt'), 'utf8')).toBe('eta');
    const refused = await aws(
      's3api',
      'put-object',
      '--bucket',
      'second',
      '--key',
      'k',
      '--body',
      'tree/a.txt',
      '--if-none-match',
      '*',
    );
    expect(refused.err).toContain('PreconditionFailed');
    const encryption = await json('s3api', 'get-bucket-encryption', '--bucket', 'second');
    expect(encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm).toBe(
      'AES256',
    );
    expect((await aws('s3api', 'get-bucket-policy', '--bucket', 'second')).err).toContain('NoSuchBucketPolicy');
  });

  test('other services answer on the same port', async () => {
    expect((await json('sts', 'get-caller-identity')).Account).toBe('000000000000');
    // Version 1 of the CLI does not read AWS_ENDPOINT_URL for SQS.
    const at = ['--endpoint-url', endpoint];
    const url = (await json('sqs', 'create-queue', '--queue-name', 'q', ...at)).QueueUrl;
    await ok('sqs', 'send-message', '--queue-url', url, '--message-body', 'hello', ...at);
    expect((await json('sqs', 'receive-message', '--queue-url', url, ...at)).Messages[0].Body).toBe('hello');
    await ok('ssm', 'put-parameter', '--name', '/a/b', '--value', 'v', '--type', 'SecureString');
    expect((await json('ssm', 'get-parameter', '--name', '/a/b', '--with-decryption')).Parameter.Value).toBe('v');
    const key = (await json('kms', 'create-key')).KeyMetadata.KeyId;
    const sealed = await json('kms', 'encrypt', '--key-id', key, '--plaintext', 'fileb://tree/a.txt');
    await writeFile(join(directory, 'sealed'), Buffer.from(sealed.CiphertextBlob, 'base64'));
    const opened = await json('kms', 'decrypt', '--ciphertext-blob', 'fileb://sealed');
    expect(Buffer.from(opened.Plaintext, 'base64').toString()).toBe('alpha\n');
    await ok('iam', 'create-user', '--user-name', 'ann');
    expect((await json('iam', 'list-users')).Users.map((u: { UserName: string }) => u.UserName)).toContain('ann');
    await ok('logs', 'create-log-group', '--log-group-name', '/x');
    expect((await json('cloudformation', 'list-stacks')).StackSummaries).toEqual([]);
    expect((await json('lambda', 'list-functions')).Functions).toEqual([]);
  });

  test('a wrong secret and an unknown key are refused in the words that the CLI shows', async () => {
    const wrong = await run('aws', ['s3', 'ls'], environment(endpoint, { AWS_SECRET_ACCESS_KEY: 'wrong' }));
    expect(wrong.err).toContain('SignatureDoesNotMatch');
    const unknown = await run(
      'aws',
      ['s3', 'ls'],
      environment(endpoint, { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }),
    );
    expect(unknown.err).toContain('InvalidAccessKeyId');
  });
});
