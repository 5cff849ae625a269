/**
 * What `npm run clients` tries: for every client the commands, in order, in the words that a user would type. A command
 * that AWS refuses stands with what it refuses it by. Nothing else uses this list.
 */

export interface Client {
  readonly name: string;
  /** A shell command that prints the version; where it fails, the client is not installed. */
  readonly version: string;
  /** A package of npm, fetched for the trial. */
  readonly install?: string;
  /** What reads the commands: a shell for each, or one interpreter for all. */
  readonly language: 'shell' | 'python' | 'node';
  /** Said once before the commands, in their language. */
  readonly before?: string;
  readonly commands: readonly (string | Refused)[];
}

export interface Refused {
  readonly command: string;
  /** What the client's message contains. */
  readonly by: string;
  /** Why that is right. */
  readonly because: string;
}

const refused = (command: string, by: string, because: string): Refused => ({ command, by, because });

const NO_ACLS = 'new buckets take no ACLs';

export const clients: readonly Client[] = [
  {
    name: 'aws CLI',
    version: "aws --version | grep -oE '^aws-cli/[0-9.]+' | cut -d/ -f2",
    language: 'shell',
    commands: [
      'aws s3 mb s3://cli-bucket --region us-east-1',
      'aws s3 ls',
      'aws s3 cp file.txt s3://cli-bucket/path/to/file.txt --metadata key1=value1 --content-type text/plain',
      'aws s3 cp tree/large.bin s3://cli-bucket/large.bin --storage-class STANDARD_IA',
      'echo piped | aws s3 cp - s3://cli-bucket/piped',
      'aws s3 cp s3://cli-bucket/piped - | grep piped',
      'aws s3 sync tree s3://cli-bucket/tree',
      'aws s3 sync s3://cli-bucket/tree back && diff -r tree back',
      'aws s3 sync s3://cli-bucket/tree s3://cli-bucket/copy --delete',
      'aws s3 mv s3://cli-bucket/large.bin s3://cli-bucket/moved.bin',
      'aws s3 ls s3://cli-bucket --recursive --summarize',
      'curl -sf "$(aws s3 presign s3://cli-bucket/path/to/file.txt)"',
      'aws s3 website s3://cli-bucket --index-document index.html --error-document error.html',
      refused('aws s3 cp file.txt s3://cli-bucket/a --acl public-read', 'AccessControlListNotSupported', NO_ACLS),
      refused('aws s3 rb s3://cli-bucket', 'BucketNotEmpty', 'it holds objects'),
      'aws s3api put-bucket-versioning --bucket cli-bucket --versioning-configuration Status=Enabled',
      'aws s3api put-object --bucket cli-bucket --key k --body file.txt --checksum-algorithm SHA256',
      refused(
        "aws s3api put-object --bucket cli-bucket --key k --body file.txt --if-none-match '*'",
        'PreconditionFailed',
        'the key exists',
      ),
      'aws s3api get-object --bucket cli-bucket --key k --range bytes=1-2 --checksum-mode ENABLED part.txt',
      'aws s3api get-object-attributes --bucket cli-bucket --key k --object-attributes ETag Checksum ObjectSize',
      "printf 'name,age\\nAnn,31\\n' | aws s3 cp - s3://cli-bucket/table.csv",
      `aws s3api select-object-content --bucket cli-bucket --key table.csv --expression "SELECT s.name FROM S3Object s WHERE CAST(s.age AS INT) > 8" --expression-type SQL --input-serialization '{"CSV":{"FileHeaderInfo":"USE"}}' --output-serialization '{"JSON":{}}' selected.json && grep Ann selected.json`,
      "aws s3api put-object-tagging --bucket cli-bucket --key k --tagging 'TagSet=[{Key=a,Value=b}]'",
      'aws s3api list-object-versions --bucket cli-bucket --prefix k',
      "aws s3api delete-objects --bucket cli-bucket --delete 'Objects=[{Key=k},{Key=piped}]'",
      "aws s3api put-bucket-encryption --bucket cli-bucket --server-side-encryption-configuration 'Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=AES256}}]'",
      'aws s3api put-bucket-lifecycle-configuration --bucket cli-bucket --lifecycle-configuration file://lifecycle.json',
      'aws s3api put-bucket-logging --bucket cli-bucket --bucket-logging-status file://logging.json',
      "aws s3api put-bucket-cors --bucket cli-bucket --cors-configuration 'CORSRules=[{AllowedMethods=[GET],AllowedOrigins=[*]}]'",
      refused(
        'aws s3api put-bucket-policy --bucket cli-bucket --policy file://public.json',
        'AccessDenied',
        'Block Public Access is on in new buckets',
      ),
      'aws s3api delete-public-access-block --bucket cli-bucket',
      'aws s3api put-bucket-policy --bucket cli-bucket --policy file://public.json',
      'aws s3api get-bucket-policy-status --bucket cli-bucket',
      'aws s3api create-bucket --bucket cli-locked --object-lock-enabled-for-bucket',
      'aws s3api put-object --bucket cli-locked --key k --body file.txt --object-lock-mode GOVERNANCE --object-lock-retain-until-date 2099-01-01',
      refused(
        "aws s3api delete-object --bucket cli-locked --key k --version-id $(aws s3api list-object-versions --bucket cli-locked --query 'Versions[0].VersionId' --output text)",
        'AccessDenied',
        'it is under retention',
      ),
      'aws sts get-caller-identity',
      'aws kms create-key',
      'aws iam list-users',
      refused('aws cloudwatch list-metrics', 'NotImplemented', 'CloudWatch (`monitoring`) is not part of this runtime'),
    ],
  },
  {
    name: 'boto3',
    version: "python3 -c 'import boto3; print(boto3.__version__)'",
    language: 'python',
    before: "import boto3, io, subprocess, urllib.request; s3 = boto3.client('s3')",
    commands: [
      "s3.create_bucket(Bucket='boto-bucket')",
      "s3.create_bucket(Bucket='boto-west', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})",
      "s3.upload_file('tree/large.bin', 'boto-bucket', 'large.bin', ExtraArgs={'Metadata': {'a': 'b'}, 'ACL': 'private'})",
      "s3.download_file('boto-bucket', 'large.bin', 'large.back'); assert open('large.back', 'rb').read() == open('tree/large.bin', 'rb').read()",
      "s3.upload_fileobj(io.BytesIO(b'text'), 'boto-bucket', 'text')",
      "s3.download_fileobj('boto-bucket', 'text', io.BytesIO())",
      "assert s3.get_object(Bucket='boto-bucket', Key='text')['Body'].read() == b'text'",
      "assert next(iter(s3.select_object_content(Bucket='boto-bucket', Key='text', ExpressionType='SQL', Expression='SELECT COUNT(*) FROM S3Object', InputSerialization={'CSV': {}}, OutputSerialization={'CSV': {}})['Payload']))['Records']['Payload'] == b'1\\n'",
      "s3.copy({'Bucket': 'boto-bucket', 'Key': 'large.bin'}, 'boto-bucket', 'copy.bin')",
      "list(s3.get_paginator('list_objects_v2').paginate(Bucket='boto-bucket', PaginationConfig={'PageSize': 1}))",
      "s3.get_waiter('object_exists').wait(Bucket='boto-bucket', Key='text')",
      "urllib.request.urlopen(s3.generate_presigned_url('get_object', Params={'Bucket': 'boto-bucket', 'Key': 'text'}))",
      "v4 = boto3.client('s3', config=boto3.session.Config(signature_version='s3v4')); urllib.request.urlopen(urllib.request.Request(v4.generate_presigned_url('put_object', Params={'Bucket': 'boto-bucket', 'Key': 'k'}), data=b'text', method='PUT'))",
      "form = s3.generate_presigned_post('boto-bucket', 'form', Conditions=[['content-length-range', 0, 9]]); subprocess.run(['curl', '-sf', form['url']] + [part for pair in form['fields'].items() for part in ('-F', '='.join(pair))] + ['-F', 'file=@file.txt'], check=True)",
      "boto3.resource('s3').Bucket('boto-bucket').objects.filter(Prefix='copy').delete()",
      refused("s3.get_object(Bucket='boto-bucket', Key='none')", 'NoSuchKey', 'there is none'),
      refused(
        "boto3.client('s3', region_name='eu-west-1').list_objects_v2(Bucket='cli-bucket', ExpectedBucketOwner='999999999999')",
        'AccessDenied',
        'another account owns it',
      ),
    ],
  },
  {
    name: 'AWS SDK for JavaScript, @aws-sdk/client-s3',
    version: 'node -p "require(\'@aws-sdk/client-s3/package.json\').version"',
    language: 'node',
    before: "Object.assign(globalThis, require('@aws-sdk/client-s3')); s3 = new S3Client({})",
    commands: [
      "await s3.send(new CreateBucketCommand({ Bucket: 'js-bucket' }))",
      "await s3.send(new PutObjectCommand({ Bucket: 'js-bucket', Key: 'k', Body: 'text', IfNoneMatch: '*' }))",
      "await (await s3.send(new GetObjectCommand({ Bucket: 'js-bucket', Key: 'k' }))).Body.transformToString()",
      "for await (const event of (await s3.send(new SelectObjectContentCommand({ Bucket: 'js-bucket', Key: 'k', ExpressionType: 'SQL', Expression: 'SELECT * FROM S3Object', InputSerialization: { CSV: {} }, OutputSerialization: { JSON: {} } }))).Payload) event.Records",
      "for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: 'js-bucket' })) page.Contents",
      "await waitUntilObjectExists({ client: s3, maxWaitTime: 20 }, { Bucket: 'js-bucket', Key: 'k' })",
      refused(
        "await s3.send(new HeadObjectCommand({ Bucket: 'js-bucket', Key: 'none' }))",
        'NotFound',
        'there is none',
      ),
    ],
  },
  {
    name: 'AWS SDK for JavaScript, @aws-sdk/lib-storage',
    version: 'node -p "require(\'@aws-sdk/lib-storage/package.json\').version"',
    language: 'node',
    before:
      "const { createReadStream } = require('fs'); Object.assign(globalThis, { createReadStream }, require('@aws-sdk/client-s3'), require('@aws-sdk/lib-storage')); s3 = new S3Client({})",
    commands: [
      "await new Upload({ client: s3, params: { Bucket: 'js-bucket', Key: 'stream', Body: createReadStream('tree/large.bin') } }).done()",
      "await new Upload({ client: s3, params: { Bucket: 'js-bucket', Key: 'one', Body: 'small' }, tags: [{ Key: 'a', Value: 'b' }] }).done()",
    ],
  },
  {
    name: 'AWS SDK for JavaScript, @aws-sdk/s3-request-presigner',
    version: 'node -p "require(\'@aws-sdk/s3-request-presigner/package.json\').version"',
    language: 'node',
    before:
      "Object.assign(globalThis, require('@aws-sdk/client-s3'), require('@aws-sdk/s3-request-presigner'), { Event }); s3 = new S3Client({}); ok = async (answer) => { if (!(await answer).ok) throw new Error(await (await answer).text()) }",
    commands: [
      "await ok(fetch(await getSignedUrl(s3, new PutObjectCommand({ Bucket: 'js-bucket', Key: 'put' })), { method: 'PUT', body: 'text' }))",
      "await ok(fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'js-bucket', Key: 'put' }))))",
      "await ok(fetch(await getSignedUrl(s3, new HeadObjectCommand({ Bucket: 'js-bucket', Key: 'put' })), { method: 'HEAD' }))",
      refused(
        "await ok(fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'js-bucket', Key: 'put' })), { method: 'DELETE' }))",
        'SignatureDoesNotMatch',
        'it was signed for GET',
      ),
    ],
  },
  {
    name: 'AWS SDK for JavaScript, @aws-sdk/s3-presigned-post',
    install: '@aws-sdk/s3-presigned-post@3.1162.0',
    version: 'node -p "require(\'@aws-sdk/s3-presigned-post/package.json\').version"',
    language: 'node',
    before:
      "Object.assign(globalThis, require('@aws-sdk/client-s3'), require('@aws-sdk/s3-presigned-post'), { Event }); s3 = new S3Client({}); post = async ({ url, fields }, text) => { const form = new FormData(); for (const name in fields) form.append(name, fields[name]); form.append('file', new Blob([text]), 'a.txt'); const answer = await fetch(url, { method: 'POST', body: form }); if (!answer.ok) throw new Error(await answer.text()) }",
    commands: [
      "await post(await createPresignedPost(s3, { Bucket: 'js-bucket', Key: 'u/a.txt', Fields: { success_action_status: '201' } }), 'text')",
      refused(
        "await post(await createPresignedPost(s3, { Bucket: 'js-bucket', Key: 'k', Conditions: [['content-length-range', 0, 3]] }), 'text')",
        'EntityTooLarge',
        'the policy allows three bytes',
      ),
    ],
  },
  {
    name: 'rclone',
    version: "rclone version | head -1 | grep -oE '[0-9][^ ]+'",
    language: 'shell',
    commands: [
      'rclone mkdir s3:rclone-bucket',
      'rclone copy tree s3:rclone-bucket/tree --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi',
      'rclone check tree s3:rclone-bucket/tree --download',
      'rclone lsjson s3:rclone-bucket/tree --hash',
      'rclone lsf -R s3:rclone-bucket --s3-list-version 2',
      'rclone copyto s3:rclone-bucket/tree/large.bin s3:rclone-bucket/parts.bin --s3-copy-cutoff 5Mi --s3-chunk-size 5Mi',
      'rclone moveto s3:rclone-bucket/parts.bin s3:rclone-bucket/moved.bin',
      'head -c 6000000 /dev/zero | rclone rcat s3:rclone-bucket/streamed --streaming-upload-cutoff 1Mi',
      'rclone cat s3:rclone-bucket/tree/a.txt --offset 2 --count 3',
      'rclone touch s3:rclone-bucket/tree/a.txt',
      'rclone settier STANDARD_IA s3:rclone-bucket/tree/a.txt',
      'curl -sf "$(rclone link s3:rclone-bucket/tree/a.txt --expire 1h)"',
      'rclone sync s3:rclone-bucket/tree rclone-back && diff -r tree rclone-back',
      'rclone backend list-multipart-uploads s3:rclone-bucket',
      'rclone cleanup s3:rclone-bucket',
      refused(
        'rclone copy tree/a.txt s3:rclone-bucket/public --s3-acl public-read --s3-no-check-bucket --retries 1',
        'AccessControlListNotSupported',
        NO_ACLS,
      ),
      'rclone purge s3:rclone-bucket',
    ],
  },
  {
    name: 's3cmd',
    version: "s3cmd --version | grep -oE '[0-9.]+$'",
    language: 'shell',
    commands: [
      's3cmd mb s3://s3cmd-bucket',
      's3cmd ls',
      's3cmd put file.txt s3://s3cmd-bucket/ --add-header=x-amz-meta-a:b --storage-class=STANDARD_IA',
      's3cmd put tree/large.bin s3://s3cmd-bucket/ --multipart-chunk-size-mb=5',
      's3cmd sync tree/ s3://s3cmd-bucket/tree/',
      'mkdir s3cmd-back && s3cmd sync s3://s3cmd-bucket/tree/ s3cmd-back/ && diff -r tree s3cmd-back',
      's3cmd get s3://s3cmd-bucket/file.txt - | cmp - file.txt',
      's3cmd info s3://s3cmd-bucket/file.txt',
      's3cmd la',
      's3cmd du s3://s3cmd-bucket',
      refused(
        's3cmd cp s3://s3cmd-bucket/file.txt s3://s3cmd-bucket/copy.txt',
        'AccessControlListNotSupported',
        `it puts the source's ACL on the copy, and ${NO_ACLS}`,
      ),
      's3cmd --acl-private cp s3://s3cmd-bucket/large.bin s3://s3cmd-bucket/copy.bin',
      's3cmd --acl-private mv s3://s3cmd-bucket/copy.bin s3://s3cmd-bucket/moved.bin',
      's3cmd --acl-private modify --add-header=x-amz-meta-c:d s3://s3cmd-bucket/file.txt',
      'curl -sf "$(s3cmd signurl s3://s3cmd-bucket/file.txt +600)"',
      refused('s3cmd setacl --acl-public s3://s3cmd-bucket/file.txt', 'AccessControlListNotSupported', NO_ACLS),
      's3cmd expire s3://s3cmd-bucket --expiry-days=3 --expiry-prefix=logs/',
      's3cmd getlifecycle s3://s3cmd-bucket',
      's3cmd ws-create s3://s3cmd-bucket && s3cmd ws-info s3://s3cmd-bucket',
      's3cmd payer s3://s3cmd-bucket',
      's3cmd accesslog s3://s3cmd-bucket',
      's3cmd multipart s3://s3cmd-bucket',
      's3cmd del -r -f s3://s3cmd-bucket && s3cmd rb s3://s3cmd-bucket',
    ],
  },
  {
    name: 'restic',
    version: "restic version | cut -d' ' -f2",
    language: 'shell',
    commands: [
      'restic init',
      'restic backup tree',
      'restic backup tree --tag again',
      'restic snapshots',
      'restic ls latest',
      'restic restore latest --target restic-back && diff -r tree restic-back/tree',
      'restic dump latest tree/a.txt',
      'restic find a.txt',
      'restic stats',
      'restic forget --keep-last 1 --prune',
      'restic check --read-data',
      'restic key list',
      'restic unlock',
    ],
  },
];
