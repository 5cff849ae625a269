/**
 * Tools that Debian packages and that speak S3 through three other libraries (the AWS SDK for Go, one of s3cmd's own,
 * minio-go), unmodified. What they are told is only where to go and who they are.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { describeWith, environment, type Outcome, run } from './command';

jest.setTimeout(60_000);

let coffer: Coffer;
let directory: string;
let variables: Record<string, string>;

const shell = (script: string): Promise<Outcome> =>
  run('bash', ['-euo', 'pipefail', '-c', script], variables, directory);

beforeEach(async () => {
  coffer = await startCoffer();
  const endpoint = await coffer.listen({ port: 0 });
  directory = await mkdtemp(join(tmpdir(), 'coffer-debian-'));
  variables = {
    ...environment(endpoint),
    HOME: directory,
    HOST: new URL(endpoint).host,
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENV_AUTH: 'true',
    RCLONE_CONFIG_S3_REGION: 'us-east-1',
    RCLONE_CONFIG_S3_ENDPOINT: endpoint,
    RESTIC_REPOSITORY: `s3:${endpoint}/backups/of/mine`,
    RESTIC_PASSWORD: 'secret',
  };
  await mkdir(join(directory, 'tree/deep'), { recursive: true });
  await writeFile(join(directory, 'tree/a.txt'), 'alpha\n');
  await writeFile(join(directory, 'tree/empty'), '');
  await writeFile(join(directory, 'tree/deep/b c+d ü.txt'), 'beta\n');
  await writeFile(join(directory, 'tree/large.bin'), Buffer.alloc(11 * 1024 * 1024, 'large'));
});
afterEach(async () => {
  await coffer.close();
  await rm(directory, { recursive: true, force: true });
});

describeWith('rclone', ['rclone', 'version'])('rclone', () => {
  test('copies, checks, moves, streams, links and removes', async () => {
    const { code, out, err } = await shell(`
rclone mkdir s3:first
rclone sync tree s3:first/tree --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi
rclone check tree s3:first/tree --download 2>/dev/null
rclone copyto s3:first/tree/large.bin s3:first/parts.bin --s3-copy-cutoff 5Mi --s3-chunk-size 5Mi
rclone moveto s3:first/parts.bin s3:first/moved.bin
head -c 6000000 /dev/zero | rclone rcat s3:first/streamed --streaming-upload-cutoff 1Mi 2>/dev/null
rclone settier STANDARD_IA s3:first/tree/a.txt
rclone lsf -R --files-only --format psT s3:first
rclone cat s3:first/tree/a.txt --offset 2 --count 3
rclone sync s3:first/tree back --s3-list-version 2
diff -r tree back
curl -sf "$(rclone link s3:first/tree/a.txt --expire 1h)"
rclone cleanup s3:first
rclone purge s3:first
rclone lsd s3:`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').sort()).toEqual(
      [
        '',
        'moved.bin;11534336;STANDARD',
        'phaalpha',
        'streamed;6000000;STANDARD',
        'tree/a.txt;6;STANDARD_IA',
        'tree/deep/b c+d ü.txt;5;STANDARD',
        'tree/empty;0;STANDARD',
        'tree/large.bin;11534336;STANDARD',
      ].sort(),
    );
  });
});

describeWith('s3cmd', ['s3cmd', '--version'])('s3cmd', () => {
  test('makes, syncs, signs, configures and removes', async () => {
    const { code, out, err } = await shell(`
said() { s3cmd --no-ssl --host "$HOST" --host-bucket "$HOST" --config /dev/null --no-progress "$@"; }
s3() { said "$@" >/dev/null; }
s3 mb s3://first
s3 sync tree/ s3://first/tree/ --multipart-chunk-size-mb=5
mkdir back && s3 sync s3://first/tree/ back/ && diff -r tree back
s3 --acl-private cp s3://first/tree/large.bin s3://first/large.bin
s3 --acl-private mv s3://first/large.bin s3://first/moved.bin
s3 put tree/a.txt s3://first/ --add-header=x-amz-meta-colour:blue --storage-class=STANDARD_IA
said info s3://first/a.txt | grep -oE 'STANDARD_IA|colour: blue'
curl -sf "$(said signurl s3://first/a.txt +600)"
s3 expire s3://first --expiry-days=3 --expiry-prefix=logs/ && said getlifecycle s3://first | grep -o '<Days>3'
s3 ws-create s3://first --ws-index=i.html && said ws-info s3://first | grep -o 'i.html'
! s3 rb s3://first 2>refused; grep -o BucketNotEmpty refused
# A copy carries the ACL of its source along, and needs a bucket that takes ACLs: so it is on AWS.
! s3 cp s3://first/a.txt s3://first/b.txt 2>refused; grep -o AccessControlListNotSupported refused
s3 del -r -f s3://first && s3 rb s3://first`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.trim().split('\n')).toEqual(
      'STANDARD_IA|colour: blue|alpha|<Days>3|i.html|BucketNotEmpty|AccessControlListNotSupported'.split('|'),
    );
  });
});

describeWith('restic', ['restic', 'version'])('restic', () => {
  test('keeps, checks, restores, forgets and prunes', async () => {
    const { code, out, err } = await shell(`
restic() { command restic -q "$@"; }
restic init
restic backup tree
echo gamma > tree/c.txt
restic backup tree
restic restore latest --target back && diff -r tree back/tree
restic forget --keep-last 1 --prune
restic check --read-data
restic dump latest tree/c.txt
restic snapshots --json | grep -o '"short_id"' | wc -l`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/gamma\n1\n$/);
  });
});
