/** Unmodified boto3 against the port: one Python program that does what the seeds' samples do, and asserts for itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCoffer } from '@coffer/runtime';
import { describeWith, environment, run } from './command';

jest.setTimeout(120_000);

const program = `
import boto3, hashlib, io, json, os, urllib.request
from botocore.exceptions import ClientError

s3 = boto3.client('s3')
s3.create_bucket(Bucket='my-app-photos')
body = os.urandom(12 * 1024 * 1024)
open('profile.jpg', 'wb').write(body)
s3.upload_file(Filename='profile.jpg', Bucket='my-app-photos', Key='users/42/profile.jpg',
               ExtraArgs={'Metadata': {'owner': '42'}, 'ContentType': 'image/jpeg'})
s3.download_file('my-app-photos', 'users/42/profile.jpg', 'back.jpg')
assert open('back.jpg', 'rb').read() == body

head = s3.head_object(Bucket='my-app-photos', Key='users/42/profile.jpg')
assert head['ContentType'] == 'image/jpeg' and head['Metadata'] == {'owner': '42'}
assert head['ETag'].endswith('-2"'), head['ETag']

for n in range(25):
    s3.put_object(Bucket='my-app-photos', Key=f'many/{n:03}', Body=str(n).encode())
pages = s3.get_paginator('list_objects_v2').paginate(Bucket='my-app-photos', Prefix='many/', PaginationConfig={'PageSize': 10})
assert [len(p['Contents']) for p in pages] == [10, 10, 5]
top = s3.list_objects_v2(Bucket='my-app-photos', Delimiter='/')
assert [p['Prefix'] for p in top['CommonPrefixes']] == ['many/', 'users/']

url = s3.generate_presigned_url('get_object', Params={'Bucket': 'my-app-photos', 'Key': 'many/003'}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b'3'

try:
    s3.get_object(Bucket='my-app-photos', Key='missing')
    raise SystemExit('found what is missing')
except ClientError as error:
    assert error.response['Error']['Code'] == 'NoSuchKey', error.response

s3.put_bucket_policy(Bucket='my-app-photos', Policy=json.dumps({'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Deny', 'Principal': '*', 'Action': 's3:DeleteObject', 'Resource': 'arn:aws:s3:::my-app-photos/users/*'}]}))
try:
    s3.delete_object(Bucket='my-app-photos', Key='users/42/profile.jpg')
    raise SystemExit('deleted what a policy protects')
except ClientError as error:
    assert error.response['Error']['Code'] == 'AccessDenied', error.response
s3.delete_bucket_policy(Bucket='my-app-photos')

out = s3.delete_objects(Bucket='my-app-photos', Delete={'Objects': [{'Key': f'many/{n:03}'} for n in range(25)]})
assert len(out['Deleted']) == 25

resource = boto3.resource('s3').Bucket('my-app-photos')
resource.objects.all().delete()
resource.delete()

sqs = boto3.client('sqs')
queue = sqs.create_queue(QueueName='q')['QueueUrl']
sqs.send_message(QueueUrl=queue, MessageBody='m', MessageAttributes={'a': {'DataType': 'String', 'StringValue': 'b'}})
assert sqs.receive_message(QueueUrl=queue, MessageAttributeNames=['All'])['Messages'][0]['Body'] == 'm'

iam = boto3.client('iam')
iam.create_user(UserName='bo')
pair = iam.create_access_key(UserName='bo')['AccessKey']
bo = boto3.client('s3', aws_access_key_id=pair['AccessKeyId'], aws_secret_access_key=pair['SecretAccessKey'])
try:
    bo.list_buckets()
    raise SystemExit('a user without policy was let in')
except ClientError as error:
    assert error.response['Error']['Code'] == 'AccessDenied', error.response
iam.put_user_policy(UserName='bo', PolicyName='p', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Action': 's3:ListAllMyBuckets', 'Resource': '*'}]}))
assert bo.list_buckets()['Buckets'] == []
print('done')
`;

describeWith('boto3', ['python3', '-c', 'import boto3'])('boto3', () => {
  test('transfer manager, paginators, presigned URLs, policies, users', async () => {
    const coffer = await startCoffer();
    const directory = await mkdtemp(join(tmpdir(), 'coffer-boto-'));
    try {
      const endpoint = await coffer.listen({ port: 0 });
      await writeFile(join(directory, 'program.py'), program);
      const outcome = await run('python3', ['program.py'], environment(endpoint), directory);
      expect(outcome).toEqual({ code: 0, out: 'done\n', err: '' });
    } finally {
      await coffer.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
