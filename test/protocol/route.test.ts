/** Which operation a request asks for: addresses, query keys, headers, targets, actions, and what nothing answers. */
import { createProtocols } from '../../runtime/protocol/protocols';
import { FORM, request, type Written } from './requests';
import { services } from './wires';

const protocols = createProtocols(services);

function routed(line: string, signingName?: string, written: Written = {}) {
  const asked = request(line, written);
  const form = protocols.needsForm(asked, signingName) ? Buffer.from(written.body ?? '') : undefined;
  return protocols.route(asked, signingName, form);
}

describe('S3', () => {
  test.each([
    ['GET /', 'ListBuckets', {}],
    ['GET /?x-id=ListBuckets', 'ListBuckets', {}],
    ['GET /?x-id=ListDirectoryBuckets', 'ListDirectoryBuckets', {}],
    ['PUT /box', 'CreateBucket', { Bucket: 'box' }],
    ['PUT /box/', 'CreateBucket', { Bucket: 'box' }],
    ['HEAD /box', 'HeadBucket', { Bucket: 'box' }],
    ['GET /box', 'ListObjects', { Bucket: 'box' }],
    ['GET /box?list-type=2&prefix=a', 'ListObjectsV2', { Bucket: 'box' }],
    ['GET /box?prefix=a&list-type=2', 'ListObjectsV2', { Bucket: 'box' }],
    ['GET /box?list-type=1', 'ListObjects', { Bucket: 'box' }],
    ['GET /box?acl', 'GetBucketAcl', { Bucket: 'box' }],
    ['GET /box?acl=', 'GetBucketAcl', { Bucket: 'box' }],
    ['GET /box?uploads', 'ListMultipartUploads', { Bucket: 'box' }],
    ['GET /box?versions&prefix=a', 'ListObjectVersions', { Bucket: 'box' }],
    ['POST /box?delete', 'DeleteObjects', { Bucket: 'box' }],
    ['GET /box?inventory', 'ListBucketInventoryConfigurations', { Bucket: 'box' }],
    ['GET /box?inventory&id=a', 'GetBucketInventoryConfiguration', { Bucket: 'box' }],
    ['PUT /box?inventory', 'PutBucketInventoryConfiguration', { Bucket: 'box' }],
    ['GET /box/key', 'GetObject', { Bucket: 'box', Key: 'key' }],
    ['GET /box/a/b%2Fc//d%20e+f', 'GetObject', { Bucket: 'box', Key: 'a/b/c//d e+f' }],
    ['GET /box/../%2e%2E/%E2%98%83', 'GetObject', { Bucket: 'box', Key: '../../☃' }],
    ['GET /box//', 'GetObject', { Bucket: 'box', Key: '/' }],
    ['GET /box/key?x-id=PutObject', 'GetObject', { Bucket: 'box', Key: 'key' }],
    ['GET /box/key?tagging&versionId=1', 'GetObjectTagging', { Bucket: 'box', Key: 'key' }],
    ['GET /box/key?uploadId=u', 'ListParts', { Bucket: 'box', Key: 'key' }],
    ['GET /box/key?partNumber=1', 'GetObject', { Bucket: 'box', Key: 'key' }],
    ['GET /box/key?attributes', 'GetObjectAttributes', { Bucket: 'box', Key: 'key' }],
    ['PUT /box/key', 'PutObject', { Bucket: 'box', Key: 'key' }],
    ['PUT /box/key?partNumber=1&uploadId=u', 'UploadPart', { Bucket: 'box', Key: 'key' }],
    ['POST /box/key?uploads', 'CreateMultipartUpload', { Bucket: 'box', Key: 'key' }],
    ['POST /box/key?uploadId=u', 'CompleteMultipartUpload', { Bucket: 'box', Key: 'key' }],
    ['DELETE /box/key?uploadId=u', 'AbortMultipartUpload', { Bucket: 'box', Key: 'key' }],
    ['DELETE /box/key', 'DeleteObject', { Bucket: 'box', Key: 'key' }],
    ['POST /box/key?select&select-type=2', 'SelectObjectContent', { Bucket: 'box', Key: 'key' }],
    ['PUT /box/key?x-amz-copy-source=a%2Fb', 'CopyObject', { Bucket: 'box', Key: 'key' }],
  ])('%s is %s', (line, operation, labels) => {
    expect(routed(line, 's3')).toEqual({ service: 's3', operation, protocol: 'restXml', labels });
    expect(routed(line)).toMatchObject({ operation, labels });
  });

  test('S3 Control has a path and a header of its own, on any host', () => {
    const tags = 'GET /v20180820/tags/arn%3Aaws%3As3%3A%3A%3Abox';
    const headers = { 'x-amz-account-id': '000000000000' };
    const route = {
      service: 's3control',
      operation: 'ListTagsForResource',
      labels: { ResourceArn: 'arn:aws:s3:::box' },
    };
    for (const host of [
      '127.0.0.1:4566',
      '000000000000.localhost:4566',
      '000000000000.s3-control.us-east-1.amazonaws.com',
    ])
      for (const signingName of ['s3', undefined])
        expect(routed(tags, signingName, { host, headers })).toMatchObject(route);
    // A bucket may have the name of the path, an object the header of the account.
    expect(routed(tags, 's3')).toMatchObject({ service: 's3', operation: 'GetObject' });
    expect(routed('GET /box/key', 's3', { headers })).toMatchObject({ service: 's3', operation: 'GetObject' });
  });

  test.each([
    ['PUT /box/key', 'CopyObject'],
    ['PUT /box/key?partNumber=1&uploadId=u', 'UploadPartCopy'],
    ['PUT /box/key?tagging', 'PutObjectTagging'],
  ])('%s with a copy source is %s', (line, operation) => {
    expect(routed(line, 's3', { headers: { 'x-amz-copy-source': '/a/b' } })).toMatchObject({ operation });
  });

  test.each([
    ['box.localhost:4566', 'box'],
    ['BOX.localhost', 'box'],
    ['box.s3.localhost', 'box'],
    ['box.s3.us-east-1.localhost:4566', 'box'],
    ['my.dotted.box.s3.amazonaws.com', 'my.dotted.box'],
    ['box.s3.eu-central-1.amazonaws.com:80', 'box'],
    ['box.s3-us-west-2.amazonaws.com', 'box'],
    ['box.s3.dualstack.eu-west-1.amazonaws.com', 'box'],
    ['s3.box.s3.amazonaws.com', 's3.box'],
    ['logs.localhost', 'logs'],
    ['127.0.0.1:4566', undefined],
    ['[::1]:4566', undefined],
    ['localhost:4566', undefined],
    ['s3.localhost:4566', undefined],
    ['s3.amazonaws.com', undefined],
    ['s3.eu-west-1.amazonaws.com', undefined],
    ['coffer:4566', undefined],
    ['host.docker.internal', undefined],
  ])('at %s the bucket in the host is %s', (host, bucket) => {
    const labels = bucket ? { Bucket: bucket, Key: 'first/second' } : { Bucket: 'first', Key: 'second' };
    expect(routed('GET /first/second', 's3', { host })).toMatchObject({ operation: 'GetObject', labels });
    expect(routed('GET /first/second', undefined, { host })).toMatchObject({ operation: 'GetObject', labels });
    if (bucket)
      expect(routed('GET /', 's3', { host })).toMatchObject({ operation: 'ListObjects', labels: { Bucket: bucket } });
  });

  test.each([
    ['PATCH /box/key', 'MethodNotAllowed', 405, { Method: 'PATCH', ResourceType: 'OBJECT' }],
    ['POST /box/key', 'MethodNotAllowed', 405, { Method: 'POST', ResourceType: 'OBJECT' }],
    ['DELETE /', 'MethodNotAllowed', 405, { Method: 'DELETE', ResourceType: 'SERVICE' }],
    ['POST /box?acl', 'MethodNotAllowed', 405, { Method: 'POST', ResourceType: 'ACL' }],
    ['PUT /box/key?lifecycle', 'MethodNotAllowed', 405, { Method: 'PUT', ResourceType: 'LIFECYCLE' }],
    ['GET /box?acl&tagging', 'InvalidArgument', 400, { ArgumentName: 'ResourceType' }],
    ['GET /box/%zz', 'InvalidURI', 400, {}],
    ['GET /box/%ff', 'InvalidURI', 400, {}],
  ])('%s is refused: %s', (line, code, status, fields) => {
    expect(() => routed(line, 's3')).toThrow(
      expect.objectContaining({ code, status, fields: expect.objectContaining(fields) }),
    );
  });
});

describe('the others', () => {
  const json = { 'content-type': 'application/x-amz-json-1.1' };
  const target = (name: string) => ({ headers: { ...json, 'x-amz-target': name } });
  const form = (body: string) => ({ headers: FORM, body });

  test.each([
    ['POST /', 'kms', target('TrentService.Encrypt'), 'kms', 'Encrypt', 'awsJson1_1'],
    ['POST /', undefined, target('TrentService.Encrypt'), 'kms', 'Encrypt', 'awsJson1_1'],
    ['POST /', 'logs', target('Logs_20140328.PutLogEvents'), 'logs', 'PutLogEvents', 'awsJson1_1'],
    ['POST /', 'sqs', target('AmazonSQS.SendMessage'), 'sqs', 'SendMessage', 'awsJson1_0'],
    [
      'POST /111122223333/queue',
      'sqs',
      form('Version=2012-11-05&Action=SendMessage'),
      'sqs',
      'SendMessage',
      'awsQuery',
    ],
    ['POST /111122223333/queue?Action=SendMessage', 'sqs', form('MessageBody=a'), 'sqs', 'SendMessage', 'awsQuery'],
    ['GET /?Action=ListQueues&Version=2012-11-05', 'sqs', {}, 'sqs', 'ListQueues', 'awsQuery'],
    ['POST /', 'iam', form('Version=2010-05-08&UserName=a&Action=GetUser'), 'iam', 'GetUser', 'awsQuery'],
    ['POST /', 'sts', form('Action=GetCallerIdentity'), 'sts', 'GetCallerIdentity', 'awsQuery'],
    [
      'POST /',
      undefined,
      form('Action=AssumeRoleWithWebIdentity&Version=2011-06-15'),
      'sts',
      'AssumeRoleWithWebIdentity',
      'awsQuery',
    ],
    ['POST /', undefined, form('Action=AssumeRoleWithSAML'), 'sts', 'AssumeRoleWithSAML', 'awsQuery'],
    ['GET /?Action=GetCallerIdentity&Version=2011-06-15', undefined, {}, 'sts', 'GetCallerIdentity', 'awsQuery'],
    [
      'POST /',
      undefined,
      { ...form('Action=ListQueues'), host: 'sqs.us-east-1.localhost' },
      'sqs',
      'ListQueues',
      'awsQuery',
    ],
    ['POST /2015-03-31/functions/f/invocations', 'lambda', {}, 'lambda', 'Invoke', 'restJson1'],
    ['POST /2015-03-31/functions/f/invocations', undefined, {}, 'lambda', 'Invoke', 'restJson1'],
    ['GET /2015-03-31/functions/', 'lambda', {}, 'lambda', 'ListFunctions', 'restJson1'],
    ['GET /2018-10-31/layers?find=LayerVersion&Arn=a', 'lambda', {}, 'lambda', 'GetLayerVersionByArn', 'restJson1'],
    ['GET /2018-10-31/layers', 'lambda', {}, 'lambda', 'ListLayers', 'restJson1'],
    [
      'GET /2019-09-25/functions/f/event-invoke-config/list',
      'lambda',
      {},
      'lambda',
      'ListFunctionEventInvokeConfigs',
      'restJson1',
    ],
  ] as const)('%s signed for %s %j is %s %s in %s', (line, signed, written, service, operation, protocol) => {
    expect(routed(line, signed, written)).toMatchObject({ service, operation, protocol });
  });

  test('labels of paths are decoded', () => {
    const arn = 'arn:aws:lambda:us-east-1:111122223333:function:f';
    expect(routed(`GET /2017-03-31/tags/${encodeURIComponent(arn)}`, 'lambda').labels).toEqual({ Resource: arn });
  });

  test('Smithy RPC names the service in the path', () => {
    const headers = { 'smithy-protocol': 'rpc-v2-cbor' };
    const route = { service: 'sqs', operation: 'ListQueues', protocol: 'rpcv2Cbor' };
    expect(routed('POST /service/AmazonSQS/operation/ListQueues', undefined, { headers })).toMatchObject(route);
    expect(routed('POST /service/AmazonSQS/operation/ListQueues', 'sqs', { headers })).toMatchObject(route);
  });

  test('a form that names no action may still be meant for S3', () => {
    expect(routed('POST /box?delete', undefined, form('<Delete/>'))).toMatchObject({ operation: 'DeleteObjects' });
  });

  test('only forms without an action in their query must be read before routing', () => {
    expect(protocols.needsForm(request('POST /', { headers: FORM }), 'iam')).toBe(true);
    expect(protocols.needsForm(request('POST /?Action=A', { headers: FORM }), 'iam')).toBe(false);
    expect(protocols.needsForm(request('PUT /', { headers: FORM }), 'iam')).toBe(false);
    expect(protocols.needsForm(request('POST /box?delete', { headers: FORM }), 's3')).toBe(false);
    expect(protocols.needsForm(request('POST /', { headers: { ...FORM, 'x-amz-target': 'A.B' } }), 'sqs')).toBe(false);
  });

  test.each([
    ['POST /', 'kms', target('TrentService.Encipher'), 'UnknownOperationException', 400],
    ['POST /', 'kms', target('AmazonSSM.TagResource'), 'UnknownOperationException', 400],
    ['POST /', 'kms', {}, 'UnknownOperationException', 400],
    ['POST /', undefined, target('NoSuch_20200101.Do'), 'NotImplemented', 400],
    ['POST /', 'elasticbeanstalk', {}, 'NotImplemented', 400],
    ['POST /', 'iam', form('Action=GetUzer&Version=2010-05-08'), 'InvalidAction', 400],
    ['POST /', 'iam', form('Action=GetUser&Version=2009-01-01'), 'InvalidAction', 400],
    ['POST /', undefined, form('Action=GetUser&Version=2009-01-01'), 'InvalidAction', 400],
    ['POST /', 'iam', form('UserName=a'), 'MissingAction', 400],
    ['POST /', 'iam', form('Action=%zz'), 'MalformedQueryString', 404],
    ['GET /2015-03-31/funktions', 'lambda', {}, 'UnknownOperationException', 404],
    ['PATCH /2015-03-31/functions', 'lambda', {}, 'UnknownOperationException', 404],
  ])('%s signed for %s %j is refused: %s', (line, signed, written, code, status) => {
    expect(() => routed(line, signed, written)).toThrow(expect.objectContaining({ code, status }));
  });
});
