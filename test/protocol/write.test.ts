/** What goes out, byte by byte, where clients other than the vendor's JavaScript one look closely. */
import { EventStreamCodec } from '@smithy/core/event-streams';
import { AwsError } from '../../runtime/base/errors';
import type { Response } from '../../runtime/base/http';
import { createProtocols } from '../../runtime/protocol/protocols';
import type { ProtocolName } from '../../runtime/protocol/wire';
import { FORM, request, type Written } from './requests';
import { type ServiceName, services } from './wires';

const protocols = createProtocols(services);
const context = { requestId: 'REQUEST', hostId: 'HOST' };
const at = new Date('2026-11-20T18:58:50.000Z');

function written(service: ServiceName, operation: string, protocol: ProtocolName, output: Record<string, unknown>) {
  return shown(protocols.operation({ service, operation, protocol }).write(output, context));
}

function shown({ status, headers, body }: Response) {
  return { status, headers, body: body && Buffer.from(body as Uint8Array).toString() };
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const S3 = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

describe('S3', () => {
  test('a listing: namespace, flattened lists, milliseconds, quotes', () => {
    const Contents = [{ Key: 'a&b', LastModified: at, ETag: '"e"', Size: 0, StorageClass: 'STANDARD' }];
    const output = {
      Name: 'box',
      Prefix: '',
      IsTruncated: false,
      Contents,
      CommonPrefixes: [{ Prefix: 'p/' }, { Prefix: 'q/' }],
    };
    expect(written('s3', 'ListObjects', 'restXml', output)).toEqual({
      status: 200,
      headers: {
        'x-amz-request-id': 'REQUEST',
        'x-amz-id-2': 'HOST',
        'content-type': 'application/xml',
        'content-length': expect.any(String),
      },
      body:
        `${XML}<ListBucketResult${S3}><IsTruncated>false</IsTruncated>` +
        '<Contents><Key>a&amp;b</Key><LastModified>2026-11-20T18:58:50.000Z</LastModified><ETag>&quot;e&quot;</ETag>' +
        '<Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>' +
        '<Name>box</Name><Prefix></Prefix><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>' +
        '<CommonPrefixes><Prefix>q/</Prefix></CommonPrefixes></ListBucketResult>',
    });
  });

  test.each([
    [
      'GetBucketLocation',
      { LocationConstraint: 'eu-west-1' },
      `<LocationConstraint${S3}>eu-west-1</LocationConstraint>`,
    ],
    ['GetBucketLocation', {}, `<LocationConstraint${S3}></LocationConstraint>`],
    ['GetBucketVersioning', {}, `<VersioningConfiguration${S3}></VersioningConfiguration>`],
    ['GetBucketTagging', { TagSet: [] }, `<Tagging${S3}><TagSet></TagSet></Tagging>`],
    ['CopyObject', { CopyObjectResult: { ETag: 'e' } }, `<CopyObjectResult${S3}><ETag>e</ETag></CopyObjectResult>`],
    [
      'GetObjectRetention',
      { Retention: { Mode: 'GOVERNANCE' } },
      `<Retention${S3}><Mode>GOVERNANCE</Mode></Retention>`,
    ],
    [
      'GetBucketAcl',
      { Grants: [{ Grantee: { Type: 'Group', URI: 'u' }, Permission: 'READ' }] },
      `<AccessControlPolicy${S3}><AccessControlList><Grant>` +
        '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee>' +
        '<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
    ],
  ])('%s %j', (operation, output, document) => {
    expect(written('s3', operation, 'restXml', output).body).toBe(XML + document);
  });

  test('text that XML has no place for goes out as references', () => {
    const { body } = written('s3', 'ListObjects', 'restXml', { Contents: [{ Key: '\u0001<\r\n\t>\ufffe' }] });
    expect(body).toContain('<Key>&#x1;&lt;&#xD;\n\t&gt;&#xFFFE;</Key>');
  });

  test('heads: metadata, dates, parts of a whole', () => {
    const output = {
      ETag: '"e"',
      LastModified: at,
      ContentRange: 'bytes 0-1/9',
      Metadata: { Author: 'a' },
      ExpiresString: 'never',
    };
    const { status, headers } = written('s3', 'GetObject', 'restXml', { ...output, Body: Buffer.from('ab') });
    expect(status).toBe(206);
    expect(headers).toMatchObject({
      etag: '"e"',
      'last-modified': 'Fri, 20 Nov 2026 18:58:50 GMT',
      'content-range': 'bytes 0-1/9',
      'content-length': '2',
      'x-amz-meta-author': 'a',
      expires: 'never',
    });
  });

  test('a stream passes through, with the length that the service says', () => {
    const Body = (async function* () {})();
    const operation = protocols.operation({ service: 's3', operation: 'GetObject', protocol: 'restXml' });
    const response = operation.write({ Body, ContentLength: 7 }, context);
    expect(response.body).toBe(Body);
    expect(response.headers['content-length']).toBe('7');
  });

  test('what answers nothing has no body', () => {
    expect(written('s3', 'DeleteObject', 'restXml', {})).toEqual({
      status: 204,
      headers: { 'x-amz-request-id': 'REQUEST', 'x-amz-id-2': 'HOST' },
      body: undefined,
    });
  });

  test('a payload that is no document keeps its own type', () => {
    expect(written('s3', 'GetBucketPolicy', 'restXml', { Policy: '{}' })).toMatchObject({
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  });
});

describe('the others', () => {
  test('Query: response, result, metadata, no milliseconds unless there are any', () => {
    const User = { Path: '/', UserName: 'a', UserId: 'i', Arn: 'r', CreateDate: at, Tags: [{ Key: 'k', Value: 'v' }] };
    expect(written('iam', 'GetUser', 'awsQuery', { User })).toMatchObject({
      status: 200,
      headers: { 'x-amzn-requestid': 'REQUEST', 'content-type': 'text/xml' },
      body:
        `${XML}<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/</Path>` +
        '<UserName>a</UserName><UserId>i</UserId><Arn>r</Arn><CreateDate>2026-11-20T18:58:50Z</CreateDate>' +
        '<Tags><member><Key>k</Key><Value>v</Value></member></Tags></User></GetUserResult>' +
        '<ResponseMetadata><RequestId>REQUEST</RequestId></ResponseMetadata></GetUserResponse>',
    });
    expect(written('iam', 'DeleteUser', 'awsQuery', {}).body).toBe(
      `${XML}<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` +
        '<ResponseMetadata><RequestId>REQUEST</RequestId></ResponseMetadata></DeleteUserResponse>',
    );
  });

  test('JSON: seconds, base64, nothing for what is absent or unknown', () => {
    const output = {
      KeyMetadata: { KeyId: 'k', CreationDate: new Date(1_500), Description: undefined, Colour: 'red' },
    };
    expect(written('kms', 'DescribeKey', 'awsJson1_1', output)).toEqual({
      status: 200,
      headers: { 'x-amzn-requestid': 'REQUEST', 'content-type': 'application/x-amz-json-1.1', 'content-length': '48' },
      body: '{"KeyMetadata":{"KeyId":"k","CreationDate":1.5}}',
    });
    const { body } = written('kms', 'Encrypt', 'awsJson1_1', { CiphertextBlob: Buffer.from('ab') });
    expect(body).toBe('{"CiphertextBlob":"YWI="}');
    expect(written('kms', 'EnableKey', 'awsJson1_1', {}).body).toBe('');
  });

  test('REST-JSON: the status that the service says, its payload, its headers', () => {
    const output = { StatusCode: 202, FunctionError: 'Unhandled', Payload: Buffer.from('{}') };
    expect(written('lambda', 'Invoke', 'restJson1', output)).toMatchObject({
      status: 202,
      headers: { 'x-amz-function-error': 'Unhandled', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(written('lambda', 'CreateFunction', 'restJson1', {})).toMatchObject({ status: 201, body: '{}' });
    expect(written('lambda', 'DeleteAlias', 'restJson1', {})).toMatchObject({ status: 204, body: undefined });
  });

  describe('event streams', () => {
    async function messages(service: ServiceName, operation: string, output: Record<string, unknown>) {
      const protocol = service === 's3' ? 'restXml' : 'restJson1';
      const { headers, body } = protocols.operation({ service, operation, protocol }).write(output, context);
      expect(headers['content-type']).toBe('application/vnd.amazon.eventstream');
      expect(headers['content-length']).toBeUndefined();
      const read: { headers: Record<string, unknown>; body: string }[] = [];
      for await (const frame of body as AsyncIterable<Uint8Array>) {
        // The vendor's decoder holds both checksums and the lengths to the bytes.
        const { headers, body } = codec.decode(frame);
        const named = Object.entries(headers).map(([name, { type, value }]) => [
          name,
          type === 'string' ? value : type,
        ]);
        read.push({ headers: Object.fromEntries(named), body: Buffer.from(body).toString() });
      }
      return read;
    }
    const codec = new EventStreamCodec(
      (bytes) => Buffer.from(bytes as Uint8Array).toString(),
      (text) => Buffer.from(text),
    );

    test('S3: bytes, documents without a namespace, nothing; an error by name is the last message', async () => {
      const Details = { BytesScanned: 1, BytesProcessed: 2, BytesReturned: 3 };
      async function* Payload() {
        yield { Records: { Payload: Buffer.from('a,b\n') } };
        yield { Cont: {} };
        yield { Progress: { Details } };
        yield { Stats: { Details } };
        yield { End: {} };
        throw new AwsError('CastFailed', 'no number: é');
      }
      const details =
        '<BytesScanned>1</BytesScanned><BytesProcessed>2</BytesProcessed><BytesReturned>3</BytesReturned>';
      const event = (name: string, type?: string) => ({
        ':message-type': 'event',
        ':event-type': name,
        ...(type ? { ':content-type': type } : {}),
      });
      expect(await messages('s3', 'SelectObjectContent', { Payload: Payload() })).toEqual([
        { headers: event('Records', 'application/octet-stream'), body: 'a,b\n' },
        { headers: event('Cont'), body: '' },
        { headers: event('Progress', 'text/xml'), body: `${XML}<Progress>${details}</Progress>` },
        { headers: event('Stats', 'text/xml'), body: `${XML}<Stats>${details}</Stats>` },
        { headers: event('End'), body: '' },
        {
          headers: { ':error-code': 'CastFailed', ':error-message': 'no number: é', ':message-type': 'error' },
          body: '',
        },
      ]);
    });

    test('REST-JSON: an event without a payload of its own is a document', async () => {
      async function* EventStream() {
        yield { PayloadChunk: { Payload: Buffer.from('{}') } };
        yield { InvokeComplete: { ErrorCode: 'Unhandled' } };
      }
      const [chunk, complete] = await messages('lambda', 'InvokeWithResponseStream', { EventStream: EventStream() });
      expect(chunk).toMatchObject({ headers: { ':event-type': 'PayloadChunk' }, body: '{}' });
      expect(complete).toMatchObject({
        headers: { ':event-type': 'InvokeComplete', ':content-type': 'application/json' },
        body: '{"ErrorCode":"Unhandled"}',
      });
    });

    test('a defect breaks the stream off', async () => {
      async function* Payload() {
        yield { End: {} };
        throw new Error('a defect');
      }
      await expect(messages('s3', 'SelectObjectContent', { Payload: Payload() })).rejects.toThrow('a defect');
    });
  });
});

describe('errors', () => {
  const failed = (error: AwsError, line: string, signed?: string, asked: Written = {}) => {
    const authorization = `AWS4-HMAC-SHA256 Credential=AKID/20261120/us-east-1/${signed}/aws4_request, SignedHeaders=host`;
    const headers = signed ? { ...asked.headers, authorization } : asked.headers;
    return shown(protocols.writeError(error, undefined, { ...context, request: request(line, { ...asked, headers }) }));
  };
  const denied = new AwsError('AccessDenied', 'a < b', {
    status: 403,
    fields: { BucketName: 'box', Nested: { When: at, List: [1, 2] }, Absent: undefined },
    headers: { allow: 'GET' },
  });

  test('S3: bare, with what the service adds', () => {
    expect(failed(denied, 'GET /box/key')).toEqual({
      status: 403,
      headers: {
        'x-amz-request-id': 'REQUEST',
        'x-amz-id-2': 'HOST',
        allow: 'GET',
        'content-type': 'application/xml',
        'content-length': expect.any(String),
      },
      body:
        `${XML}<Error><Code>AccessDenied</Code><Message>a &lt; b</Message><BucketName>box</BucketName>` +
        '<Nested><When>2026-11-20T18:58:50.000Z</When><List>1</List><List>2</List></Nested>' +
        '<RequestId>REQUEST</RequestId><HostId>HOST</HostId></Error>',
    });
  });

  test('S3: nothing but a head for HEAD and for what has not changed', () => {
    expect(failed(denied, 'HEAD /box/key').body).toBeUndefined();
    expect(failed(new AwsError('NotModified', '', { status: 304 }), 'GET /box/key').body).toBeUndefined();
  });

  const target = { 'x-amz-target': 'TrentService.Encrypt', 'content-type': 'application/x-amz-json-1.1' };
  const cbor = { 'smithy-protocol': 'rpc-v2-cbor' };
  test.each([
    ['POST /', undefined, { headers: target }, 'application/x-amz-json-1.1', '{"__type":"AccessDenied"'],
    [
      'POST /',
      undefined,
      { headers: { 'x-amz-target': 'No.Such' } },
      'application/x-amz-json-1.1',
      '{"__type":"AccessDenied"',
    ],
    [
      'POST /',
      undefined,
      { headers: { ...target, 'x-amz-target': 'AmazonSQS.X' } },
      'application/x-amz-json-1.0',
      '{"__type":"com.amazon.coral.service#AccessDenied"',
    ],
    ['POST /', 'iam', { headers: FORM }, 'text/xml', '<ErrorResponse xmlns="https://iam'],
    [
      'POST /',
      undefined,
      { headers: FORM },
      'text/xml',
      '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>',
    ],
    ['GET /?Action=ListUsers', undefined, {}, 'text/xml', '<ErrorResponse>'],
    ['GET /2015-03-31/funktions', 'lambda', {}, 'application/json', '{"message":"a < b"}'],
    ['GET /2015-03-31/funktions', undefined, {}, 'application/json', '{"message":"a < b"}'],
    ['GET /x', undefined, { host: 'lambda.us-east-1.amazonaws.com' }, 'application/json', '{"message"'],
    [
      'GET /x?X-Amz-Credential=A%2F20261120%2Fr%2Fsts%2Faws4_request',
      undefined,
      {},
      'text/xml',
      '<ErrorResponse xmlns="https://sts',
    ],
    [
      'POST /service/AmazonSQS/operation/X',
      undefined,
      { headers: cbor },
      'application/cbor',
      'coral.service#AccessDenied',
    ],
    ['GET /', 'nosuch', {}, 'application/xml', '<Error>'],
  ])('before routing, %s signed for %s %j is answered in its own form', (line, signed, asked, type, body) => {
    const answer = failed(denied, line, signed, asked);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body).toContain(body);
  });

  test('services that once spoke Query tell new clients the old code', () => {
    const error = new AwsError('QueueDoesNotExist', 'gone', { status: 400 });
    const route = { service: 'sqs', operation: 'SendMessage', labels: {} };
    const json = shown(protocols.writeError(error, { ...route, protocol: 'awsJson1_0' }, context));
    expect(json).toMatchObject({
      headers: {
        'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender',
        'x-amzn-errortype': 'QueueDoesNotExist',
      },
      body: '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}',
    });
    const query = shown(protocols.writeError(error, { ...route, protocol: 'awsQuery' }, context));
    expect(query.body).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });

  test('modelled members go where the model puts them', () => {
    const error = new AwsError('TooManyRequestsException', 'slow down', {
      status: 429,
      fields: { retryAfterSeconds: '3', Reason: 'ConcurrentInvocationLimitExceeded', Colour: 'red' },
    });
    const route = { service: 'lambda', operation: 'Invoke', protocol: 'restJson1', labels: {} } as const;
    const answer = shown(protocols.writeError(error, route, context));
    expect(answer.headers).toMatchObject({ 'retry-after': '3', 'x-amzn-errortype': 'TooManyRequestsException' });
    expect(JSON.parse(answer.body as string)).toEqual({
      message: 'slow down',
      Reason: 'ConcurrentInvocationLimitExceeded',
    });
  });
});
