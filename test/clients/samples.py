"""The samples for boto3 of S3 guides, each followed by what it must have done. seeds.test.ts runs this."""

import boto3, gzip, io, json, urllib.request, zipfile
from datetime import datetime, timedelta
from botocore.exceptions import ClientError
s3 = boto3.client('s3')

def code(call):
    try:
        call()
    except Exception as error:
        return str(error)
    return 'no error'

# Upload a photo to your bucket
s3.create_bucket(Bucket='my-app-photos')
open('profile.jpg', 'wb').write(b'jpeg')
s3.upload_file(
    Filename='profile.jpg',
    Bucket='my-app-photos',
    Key='users/42/profile.jpg'
)

def create_bucket(bucket_name, region='us-east-1'):
    try:
        if region == 'us-east-1':
            # us-east-1 doesn't require LocationConstraint
            s3.create_bucket(Bucket=bucket_name)
        else:
            s3.create_bucket(
                Bucket=bucket_name,
                CreateBucketConfiguration={'LocationConstraint': region}
            )
        print(f"Bucket '{bucket_name}' created successfully")
    except s3.exceptions.BucketAlreadyExists:
        print(f"Bucket '{bucket_name}' already exists")
    except Exception as e:
        print(f"Error creating bucket: {e}")

create_bucket('my-unique-bucket-name', 'us-west-2')
create_bucket('my-bucket-name')
assert s3.get_bucket_location(Bucket='my-unique-bucket-name')['LocationConstraint'] == 'us-west-2'

def backup_database(db_file, bucket_name):
    timestamp = datetime.now().strftime('%Y%m%d_%H%M%S')
    key = f'backups/database_{timestamp}.sql'
    s3.upload_file(
        db_file,
        bucket_name,
        key,
        ExtraArgs={
            'StorageClass': 'STANDARD_IA', # Infrequent access
            'Metadata': {
                'backup-type': 'database',
                'timestamp': timestamp
            }
        }
    )
    print(f"Backup uploaded to s3://{bucket_name}/{key}")
backup_database('profile.jpg', 'my-bucket-name')

def upload_media(file_path, bucket_name, object_key):
    s3.upload_file(
        file_path,
        bucket_name,
        object_key,
        ExtraArgs={
            'ContentType': 'image/jpeg',
            'ACL': 'public-read', # For public access
            'CacheControl': 'max-age=31536000' # 1 year cache
        }
    )
# A bucket of today takes no ACL until its owner says so.
assert 'AccessControlListNotSupported' in code(lambda: upload_media('profile.jpg', 'my-bucket-name', 'm.jpg'))
s3.delete_public_access_block(Bucket='my-app-photos')
s3.put_bucket_ownership_controls(Bucket='my-app-photos', OwnershipControls={'Rules': [{'ObjectOwnership': 'BucketOwnerPreferred'}]})
upload_media('profile.jpg', 'my-app-photos', 'm.jpg')
assert urllib.request.urlopen(s3.meta.endpoint_url + '/my-app-photos/m.jpg').headers['Cache-Control'] == 'max-age=31536000'

def store_analytics_data(data, bucket_name, date_prefix):
    key = f"analytics/year={date_prefix[:4]}/month={date_prefix[4:6]}/day={date_prefix[6:8]}/data.json"
    s3.put_object(
        Bucket=bucket_name,
        Key=key,
        Body=json.dumps(data),
        ContentType='application/json',
        StorageClass='INTELLIGENT_TIERING'
    )
store_analytics_data({'a': 1}, 'my-bucket-name', '20251110')

def upload_user_file(file, user_id, bucket_name):
    """Upload user file with organized structure"""
    filename = file.filename
    key = f"users/{user_id}/uploads/{filename}"
    s3.upload_fileobj(
        file,
        bucket_name,
        key,
        ExtraArgs={
            'ContentType': file.content_type,
            'Metadata': {
                'user-id': str(user_id),
                'original-filename': filename
            }
        }
    )
    return f"s3://{bucket_name}/{key}"
file = io.BytesIO(b'text'); file.filename = 'a.txt'; file.content_type = 'text/plain'
upload_user_file(file, 42, 'my-bucket-name')

def upload_logs(log_data, bucket_name, service_name):
    """Compress and upload logs"""
    timestamp = datetime.now().strftime('%Y/%m/%d')
    key = f"logs/{service_name}/{timestamp}/logs.json.gz"
    # Compress logs
    compressed_data = gzip.compress(json.dumps(log_data).encode())
    s3.put_object(
        Bucket=bucket_name,
        Key=key,
        Body=compressed_data,
        ContentType='application/gzip',
        StorageClass='GLACIER' # Archive after 30 days
    )
    return key
archived = upload_logs([], 'my-bucket-name', 'web')
assert 'InvalidObjectState' in code(lambda: s3.get_object(Bucket='my-bucket-name', Key=archived))

# Upload with metadata
open('local-file.txt', 'w').write('text')
s3.upload_file('local-file.txt', 'my-bucket-name', 'remote-file.txt')
s3.upload_file(
    'local-file.txt',
    'my-bucket-name',
    'remote-file.txt',
    ExtraArgs={
        'Metadata': {'key1': 'value1', 'key2': 'value2'},
        'ContentType': 'text/plain',
        'ACL': 'private'
    }
)
s3.upload_fileobj(open('local-file.txt', 'rb'), 'my-bucket-name', 'prefix/remote-file.txt')
# Download file
s3.download_file('my-bucket-name', 'remote-file.txt', 'local-file.txt')
# Download to file object
with open('local-file.txt', 'wb') as f:
    s3.download_fileobj('my-bucket-name', 'remote-file.txt', f)
# Get object as bytes
response = s3.get_object(Bucket='my-bucket-name', Key='remote-file.txt')
data = response['Body'].read()
assert data == b'text' and response['Metadata'] == {'key1': 'value1', 'key2': 'value2'}

# List objects
response = s3.list_objects_v2(
    Bucket='my-bucket-name',
    Prefix='prefix/',
    MaxKeys=100
)
for obj in response.get('Contents', []):
    print(f"Key: {obj['Key']}, Size: {obj['Size']}")
# Paginate through all objects
paginator = s3.get_paginator('list_objects_v2')
pages = paginator.paginate(Bucket='my-bucket-name', Prefix='prefix/')
for page in pages:
    for obj in page.get('Contents', []):
        print(obj['Key'])

# Enable encryption
s3.put_bucket_encryption(
    Bucket='my-bucket-name',
    ServerSideEncryptionConfiguration={
        'Rules': [{
            'ApplyServerSideEncryptionByDefault': {
                'SSEAlgorithm': 'AES256'
            }
        }]
    }
)

def upload_large_file(file_path, bucket_name, object_key):
    """Upload files larger than 100MB using multipart upload"""
    transfer_config = boto3.s3.transfer.TransferConfig(
        multipart_threshold=1024 * 25, # 25MB
        max_concurrency=10,
        multipart_chunksize=1024 * 25, # 25MB
        use_threads=True
    )
    s3.upload_file(
        file_path,
        bucket_name,
        object_key,
        Config=transfer_config
    )
open('large', 'wb').write(bytes(11 * 1024 * 1024))
upload_large_file('large', 'my-bucket-name', 'large')
assert s3.head_object(Bucket='my-bucket-name', Key='large')['ETag'].endswith('-3"')

# Create alarm for bucket size
def put_alarm():
    cloudwatch = boto3.client('cloudwatch')
    cloudwatch.put_metric_alarm(
        AlarmName='s3-bucket-size-alarm',
        ComparisonOperator='GreaterThanThreshold',
        EvaluationPeriods=1,
        MetricName='BucketSizeBytes',
        Namespace='AWS/S3',
        Period=86400, # 1 day
        Statistic='Average',
        Threshold=1000000000, # 1GB
        AlarmActions=['arn:aws:sns:us-east-1:123456789012:alerts']
    )
print(code(put_alarm))

def generate_presigned_url(bucket_name, object_key, expiration=3600):
    """Generate pre-signed URL valid for 1 hour"""
    url = s3.generate_presigned_url(
        'get_object',
        Params={'Bucket': bucket_name, 'Key': object_key},
        ExpiresIn=expiration
    )
    return url
# Generate upload URL
def generate_presigned_upload_url(bucket_name, object_key, expiration=3600):
    url = s3.generate_presigned_url(
        'put_object',
        Params={'Bucket': bucket_name, 'Key': object_key},
        ExpiresIn=expiration
    )
    return url
upload = generate_presigned_upload_url('my-bucket-name', 'by-url')
# urllib would send a type, which the URL of an older signature does not cover.
urllib.request.urlopen(urllib.request.Request(upload, data=b'sent', method='PUT', headers={'Content-Type': ''}))
assert urllib.request.urlopen(generate_presigned_url('my-bucket-name', 'by-url')).read() == b'sent'

# Configure event notification
def notify():
    s3.put_bucket_notification_configuration(
        Bucket='my-bucket-name',
        NotificationConfiguration={
            'LambdaFunctionConfigurations': [
                {
                    'LambdaFunctionArn': 'arn:aws:lambda:us-east-1:123456789012:function:my-function',
                    'Events': ['s3:ObjectCreated:*'],
                    'Filter': {
                        'Key': {
                            'FilterRules': [
                                {
                                    'Name': 'prefix',
                                    'Value': 'uploads/'
                                }
                            ]
                        }
                    }
                }
            ]
        }
    )
assert 'Unable to validate the following destination configurations' in code(notify)
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
role = boto3.client('iam').create_role(RoleName='r', AssumeRolePolicyDocument=json.dumps(trust))['Role']['Arn']
package = io.BytesIO()
with zipfile.ZipFile(package, 'w') as archive:
    archive.writestr('index.js', 'exports.handler = async () => {}')
functions = boto3.client('lambda')
functions.create_function(FunctionName='my-function', Runtime='nodejs22.x', Role=role, Handler='index.handler', Code={'ZipFile': package.getvalue()})
functions.add_permission(FunctionName='my-function', StatementId='s', Action='lambda:InvokeFunction', Principal='s3.amazonaws.com', SourceArn='arn:aws:s3:::my-bucket-name')
notify()
assert s3.get_bucket_notification_configuration(Bucket='my-bucket-name')['LambdaFunctionConfigurations'][0]['Events'] == ['s3:ObjectCreated:*']
print('done')
