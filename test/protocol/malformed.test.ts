/** What clients must not get away with, protocol by protocol: the code, and that the message names the place. */
import type { AwsError } from '../../runtime/base/errors';
import { createProtocols } from '../../runtime/protocol/protocols';
import type { ModelNotes, Wire } from '../../runtime/protocol/wire';
import { FORM, request, type Written } from './requests';
import { type ServiceName, services, wires } from './wires';

const protocols = createProtocols(services);

function bound(line: string, service: ServiceName, written: Written = {}, using = protocols): Record<string, unknown> {
  const asked = request(line, written);
  const bytes = Buffer.from(written.body ?? '');
  const route = using.route(asked, wires[service].signingNames[0], using.needsForm(asked, service) ? bytes : undefined);
  const operation = using.operation(route);
  const input = operation.bindHead(asked, route);
  operation.bindBody(bytes, input, asked);
  return input;
}

function refusal(...args: Parameters<typeof bound>): AwsError {
  try {
    bound(...args);
  } catch (error) {
    return error as AwsError;
  }
  throw new Error('it was accepted');
}

/** What S3's readers make of a document that is too long to be read at once. */
async function boundInTurns(line: string, body: Buffer): Promise<Record<string, unknown>> {
  const asked = request(line, { body });
  const route = protocols.route(asked, 's3', undefined);
  const operation = protocols.operation(route);
  const input = operation.bindHead(asked, route);
  const reading = operation.bindBody(body, input, asked);
  expect(reading).toBeInstanceOf(Promise);
  await reading;
  return input;
}

const withNotes = (service: ServiceName, model: ModelNotes) =>
  createProtocols([{ name: service, wire: { ...(wires[service] as Wire), model } }]);

const S3 = 'http://s3.amazonaws.com/doc/2006-03-01/';

describe('XML', () => {
  test('a long document is read in turns with other work, to the same end', async () => {
    const keys = Array.from({ length: 5_000 }, (_, n) => `${'\u{1F600}'.repeat(n % 40)}${n}`);
    const document = (more: string) =>
      Buffer.from(`<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}${more}</Delete>`);
    const read = (body: Buffer) => boundInTurns('POST /box?delete', body);
    const { Delete } = (await read(document(''))) as { Delete: { Objects: { Key: string }[] } };
    expect(Delete.Objects.map(({ Key }) => Key)).toEqual(keys);
    await expect(read(document('<Wrong/>'))).rejects.toMatchObject({ code: 'MalformedXML' });
    await expect(read(document('</Delete>'))).rejects.toMatchObject({ code: 'MalformedXML' });
  });

  const tag = '<Tag><Key>a</Key><Value>b</Value></Tag>';

  test.each([
    ['the namespace', `<Tagging xmlns="${S3}"><TagSet>${tag}</TagSet></Tagging>`],
    ['no namespace', `<Tagging><TagSet>${tag}</TagSet></Tagging>`],
    [
      'a prefix for the namespace',
      `<s:Tagging xmlns:s="${S3}"><s:TagSet><s:Tag><s:Key>a</s:Key><s:Value>b</s:Value></s:Tag></s:TagSet></s:Tagging>`,
    ],
    [
      'a declaration and a byte order mark',
      `\ufeff<?xml version="1.0" encoding="utf-8"?><Tagging><TagSet>${tag}</TagSet></Tagging>`,
    ],
    [
      'another order, white space and comments',
      '<Tagging>\n <TagSet>\n<!-- c --><Tag> <Value>b</Value>\n<Key>a</Key></Tag></TagSet>\n</Tagging>\n',
    ],
    [
      'references and CDATA',
      '<Tagging><TagSet><Tag><Key>&#97;</Key><Value><![CDATA[b]]></Value></Tag></TagSet></Tagging>',
    ],
  ])('with %s is accepted', (_, body) => {
    expect(bound('PUT /box?tagging', 's3', { body })).toEqual({
      Bucket: 'box',
      Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] },
    });
  });

  test('an empty list, an empty text and an empty structure are values', () => {
    expect(bound('PUT /box?tagging', 's3', { body: '<Tagging><TagSet/></Tagging>' }).Tagging).toEqual({ TagSet: [] });
    const rule = '<Rule><ID/><Status>Enabled</Status><Filter/></Rule>';
    const input = bound('PUT /box?lifecycle', 's3', {
      body: `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`,
    });
    expect(input.LifecycleConfiguration).toEqual({ Rules: [{ ID: '', Status: 'Enabled', Filter: {} }] });
  });

  test('a grantee says its type in an attribute', () => {
    const grantee =
      '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee>';
    const body = `<AccessControlPolicy><AccessControlList><Grant>${grantee}<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`;
    expect(bound('PUT /box?acl', 's3', { body }).AccessControlPolicy).toEqual({
      Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'i' }, Permission: 'READ' }],
    });
  });

  const deep = `${'<And>'.repeat(40)}${'</And>'.repeat(40)}`;
  test.each([
    ['text', 'not xml', '1:'],
    ['white space', '   ', ''],
    ['an unclosed element', '<Tagging><TagSet>', 'unclosed tag'],
    ['a second root', '<Tagging><TagSet/></Tagging><Tagging/>', ''],
    ['another root', '<Tags><TagSet/></Tags>', '<Tags> where <Tagging> is expected'],
    [
      'an unknown element',
      '<Tagging>\n<TagSet><Tag><Key>a</Key><Colour>b</Colour></Tag></TagSet></Tagging>',
      '<Colour> at line 2, column',
    ],
    ['an unknown element in a list', '<Tagging><TagSet><Key>a</Key></TagSet></Tagging>', '<Key>'],
    ['an element twice', '<Tagging><TagSet/><TagSet/></Tagging>', '<TagSet> occurs more than once'],
    ['a missing element', '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>', "'tagging.tagSet.tag.value'"],
    ['text between elements', '<Tagging>hello<TagSet/></Tagging>', 'text between elements'],
    ['an element within a text', '<Tagging><TagSet><Tag><Key>a<b/></Key><Value/></Tag></TagSet></Tagging>', '<b>'],
    ['another namespace', '<Tagging xmlns="urn:other"><TagSet/></Tagging>', 'urn:other'],
    ['an unbound prefix', '<x:Tagging><TagSet/></x:Tagging>', 'x'],
    ['an unknown attribute', '<Tagging colour="red"><TagSet/></Tagging>', 'colour'],
    ['a document type', '<!DOCTYPE Tagging><Tagging><TagSet/></Tagging>', 'document type'],
    ['an entity of its own', '<!DOCTYPE T [<!ENTITY a "b">]><Tagging><TagSet/></Tagging>', 'document type'],
    ['an undefined entity', '<Tagging><TagSet><Tag><Key>&nbsp;</Key><Value/></Tag></TagSet></Tagging>', 'entity'],
    ['a control character', '<Tagging><TagSet><Tag><Key>\u0001</Key><Value/></Tag></TagSet></Tagging>', ''],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><Tagging><TagSet/></Tagging>', 'UTF-16'],
    ['great depth', `<Tagging>${deep}</Tagging>`, ''],
  ])('with %s is malformed', (_, body, place) => {
    const error = refusal('PUT /box?tagging', 's3', { body });
    expect(error).toMatchObject({ code: 'MalformedXML', status: 400 });
    expect(error.message).toContain('did not validate against our published schema: ');
    expect(error.message).toContain(place);
  });

  test.each([
    ['<Days>NaN</Days>', 'not an integer'],
    ['<Days>1e3</Days>', 'not an integer'],
    ['<Days>1.5</Days>', 'not an integer'],
    ['<Days>99999999999999999999</Days>', 'not an integer'],
    ['<Days></Days>', 'not an integer'],
    ['<Date>tomorrow</Date>', 'not a timestamp'],
    ['<Date>2026-02-30T00:00:00Z</Date>', 'not a timestamp'],
    ['<Date>20260228</Date>', 'not a timestamp'],
    ['<ExpiredObjectDeleteMarker>yes</ExpiredObjectDeleteMarker>', 'not "true" or "false"'],
  ])('with %s is malformed', (element, place) => {
    const rule = `<Rule><Status>Enabled</Status><Expiration>${element}</Expiration></Rule>`;
    const error = refusal('PUT /box?lifecycle', 's3', {
      body: `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`,
    });
    expect(error.code).toBe('MalformedXML');
    expect(error.message).toContain(place);
  });

  test('that nests without end is malformed', async () => {
    const body = Buffer.from(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`);
    await expect(boundInTurns('PUT /box?tagging', body)).rejects.toMatchObject({ code: 'MalformedXML' });
  });

  test('that is not UTF-8 is malformed', () => {
    const body = Buffer.from('<Tagging><TagSet><Tag><Key>\xff</Key><Value/></Tag></TagSet></Tagging>', 'latin1');
    expect(refusal('PUT /box?tagging', 's3', { body }).message).toContain('not UTF-8');
  });

  test('that is missing is asked for, unless it may be left out', () => {
    expect(refusal('PUT /box?tagging', 's3')).toMatchObject({ code: 'MissingRequestBodyError', status: 400 });
    expect(bound('PUT /box', 's3')).toEqual({ Bucket: 'box' });
    const lenient = withNotes('s3', { optionalBody: ['PutBucketTagging'] });
    expect(bound('PUT /box?tagging', 's3', {}, lenient)).toEqual({ Bucket: 'box' });
  });

  test('is held to the bounds of the service', () => {
    const bounded = withNotes('s3', {
      constraints: { VersioningConfiguration$Status: { values: ['Enabled', 'Suspended'] }, Tagging$TagSet: { max: 1 } },
    });
    const versioning = '<VersioningConfiguration><Status>On</Status></VersioningConfiguration>';
    expect(refusal('PUT /box?versioning', 's3', { body: versioning }, bounded)).toMatchObject({
      code: 'MalformedXML',
      message: expect.stringContaining('enum value set: [Enabled, Suspended]'),
    });
    const tags = `<Tagging><TagSet>${tag}${tag}</TagSet></Tagging>`;
    expect(refusal('PUT /box?tagging', 's3', { body: tags }, bounded).code).toBe('MalformedXML');
  });
});

describe('heads', () => {
  test.each([
    ['GET /box?max-keys=blah', {}, 'InvalidArgument', { ArgumentName: 'max-keys', ArgumentValue: 'blah' }],
    ['GET /box?max-keys=%20', {}, 'InvalidArgument', { ArgumentName: 'max-keys', ArgumentValue: ' ' }],
    ['GET /box?max-keys=2147483648', {}, 'InvalidArgument', { ArgumentName: 'max-keys' }],
    ['GET /box?list-type=2&fetch-owner=maybe', {}, 'InvalidArgument', { ArgumentName: 'fetch-owner' }],
    ['PUT /box?inventory', {}, 'InvalidArgument', { ArgumentName: 'id' }],
    ['GET /box/key?attributes', {}, 'MissingSecurityHeader', { MissingHeaderName: 'x-amz-object-attributes' }],
    ['PUT /box/key', { 'x-amz-object-lock-retain-until-date': 'soon' }, 'InvalidArgument', { ArgumentValue: 'soon' }],
  ])('%s %j is refused: %s', (line, headers, code, fields) => {
    expect(refusal(line, 's3', { headers })).toMatchObject({ code, status: 400, fields });
  });

  test('a date that is none is ignored, as RFC 9110 wants it', () => {
    expect(bound('GET /box/key', 's3', { headers: { 'if-modified-since': 'yesterday' } })).toEqual({
      Bucket: 'box',
      Key: 'key',
    });
  });

  test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    '%s is a date',
    (text) => {
      const { IfModifiedSince } = bound('GET /box/key', 's3', { headers: { 'if-modified-since': text } });
      expect(IfModifiedSince).toEqual(new Date('1994-11-06T08:49:37Z'));
    },
  );

  test('metadata, lists, and headers in the query of a presigned URL', () => {
    const headers = {
      'x-amz-meta-a': '1',
      'x-amz-meta-__proto__': '2',
      'x-amz-object-attributes': 'ETag, "Check,sum",ObjectSize',
    };
    const put = bound('PUT /box/key?X-Amz-Acl=private&x-amz-meta-b=3&X-Amz-Expires=9', 's3', { headers });
    expect(put).toMatchObject({ ACL: 'private', Metadata: JSON.parse('{"a":"1","__proto__":"2","b":"3"}') });
    expect(Object.getPrototypeOf(put.Metadata)).toBe(Object.prototype);
    expect(bound('GET /box/key?attributes', 's3', { headers }).ObjectAttributes).toEqual([
      'ETag',
      'Check,sum',
      'ObjectSize',
    ]);
  });

  test('REST-JSON words it as a validation error', () => {
    expect(refusal('DELETE /2017-03-31/tags/a', 'lambda')).toMatchObject({
      code: 'ValidationException',
      message:
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
    });
    expect(bound('DELETE /2017-03-31/tags/a?tagKeys=b&tagKeys=c', 'lambda').TagKeys).toEqual(['b', 'c']);
    expect(refusal('GET /2015-03-31/functions?MaxItems=many', 'lambda').code).toBe('SerializationException');
  });
});

describe('JSON', () => {
  const headers = { 'x-amz-target': 'TrentService.CreateKey', 'content-type': 'application/x-amz-json-1.1' };
  const create = (body: string | Uint8Array, using = protocols) => refusal('POST /', 'kms', { headers, body }, using);

  test('unknown and null members are ignored, an empty body is an empty document', () => {
    const body = '{"Description":"d","Colour":{"deep":[1]},"Policy":null,"__proto__":{"KeySpec":"x"}}';
    expect(bound('POST /', 'kms', { headers, body })).toEqual({ Description: 'd' });
    expect(bound('POST /', 'kms', { headers })).toEqual({});
  });

  test.each([
    ['{', 'JSON'],
    ['[]', 'Start of list found where not expected'],
    ['null', 'Unexpected value found where not expected'],
    ['"a"', 'Unexpected value found where not expected'],
    ['{"Description":1}', 'NUMBER_VALUE cannot be converted to String (at Description)'],
    ['{"Description":{}}', 'Start of structure or map found where not expected (at Description)'],
    ['{"MultiRegion":"true"}', 'STRING_VALUE cannot be converted to Boolean (at MultiRegion)'],
    ['{"Tags":{}}', 'Start of structure or map found where not expected (at Tags)'],
    [
      '{"Tags":[{"TagKey":"a","TagValue":true}]}',
      'TRUE_VALUE cannot be converted to String (at Tags.1.member.TagValue)',
    ],
    ['{"Tags":[[]]}', 'Start of list found where not expected (at Tags.1.member)'],
  ])('%s is refused: %s', (body, message) => {
    expect(create(body)).toMatchObject({
      code: 'SerializationException',
      status: 400,
      message: expect.stringContaining(message),
    });
  });

  test('blobs, timestamps, bytes and depth are checked', () => {
    const encrypt = { ...headers, 'x-amz-target': 'TrentService.Encrypt' };
    for (const blob of ['"not base64!"', '"YQ="', '"Y-Q_"', '7']) {
      const body = `{"KeyId":"k","Plaintext":${blob}}`;
      expect(refusal('POST /', 'kms', { headers: encrypt, body }).code).toBe('SerializationException');
    }
    const material = { ...headers, 'x-amz-target': 'TrentService.ImportKeyMaterial' };
    for (const time of ['"2026-01-01T00:00:00Z"', '1e300']) {
      const body = `{"KeyId":"k","ImportToken":"YQ==","EncryptedKeyMaterial":"YQ==","ValidTo":${time}}`;
      expect(refusal('POST /', 'kms', { headers: material, body }).message).toContain('ValidTo');
    }
    expect(create(Buffer.from('{"Description":"\xff"}', 'latin1')).message).toContain('UTF-8');
    expect(create('[{"a":'.repeat(50_000)).code).toBe('SerializationException');
    expect(create(`${'[{"a":'.repeat(5000)}1${'}]'.repeat(5000)}`).code).toBe('SerializationException');
  });

  test('what is missing or out of bounds is told all at once', () => {
    const bounded = withNotes('kms', {
      constraints: {
        CreateAliasRequest$AliasName: { pattern: /^alias\/.+$/, max: 8 },
        CreateAliasRequest$TargetKeyId: { min: 1 },
      },
    });
    const alias = { ...headers, 'x-amz-target': 'TrentService.CreateAlias' };
    expect(refusal('POST /', 'kms', { headers: alias, body: '{}' }).message).toBe(
      "2 validation errors detected: Value null at 'aliasName' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
    );
    const error = refusal(
      'POST /',
      'kms',
      { headers: alias, body: '{"AliasName":"aliasaliasalias","TargetKeyId":""}' },
      bounded,
    );
    expect(error.code).toBe('ValidationException');
    expect(error.message).toBe(
      "3 validation errors detected: Value 'aliasaliasalias' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 8; " +
        "Value 'aliasaliasalias' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^alias\\/.+$; " +
        "Value '' at 'targetKeyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  });

  test('a service may word what is missing itself', () => {
    const worded = withNotes('sqs', {
      missing: (member) => ({ code: 'MissingParameter', message: `The request must contain the parameter ${member}.` }),
    });
    const sqs = { 'x-amz-target': 'AmazonSQS.CreateQueue', 'content-type': 'application/x-amz-json-1.0' };
    expect(refusal('POST /', 'sqs', { headers: sqs, body: '{}' }, worded)).toMatchObject({
      code: 'MissingParameter',
      message: 'The request must contain the parameter QueueName.',
    });
  });
});

describe('Query', () => {
  const ask = (action: string, rest: string) => ({
    headers: FORM,
    body: `Action=${action}&Version=2010-05-08&${rest}`,
  });

  test('lists, maps and empty lists', () => {
    const body =
      'UserName=a+b%2Bc&Tags.member.2.Key=k2&Tags.member.2.Value=&Tags.member.10.Key=k3&Tags.member.10.Value=v&Tags.member.1.Key=k1&Tags.member.1.Value=v';
    expect(bound('POST /', 'iam', ask('CreateUser', body))).toEqual({
      UserName: 'a b+c',
      Tags: [
        { Key: 'k1', Value: 'v' },
        { Key: 'k2', Value: '' },
        { Key: 'k3', Value: 'v' },
      ],
    });
    expect(bound('POST /', 'iam', ask('CreateUser', 'UserName=a&Tags=')).Tags).toEqual([]);
    const attributes =
      'QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=1&Attribute.2.Name=__proto__&Attribute.2.Value=x';
    const { Attributes } = bound('POST /', 'sqs', { headers: FORM, body: `Action=CreateQueue&${attributes}` });
    expect(Attributes).toEqual(JSON.parse('{"DelaySeconds":"1","__proto__":"x"}'));
  });

  test('parameters in the query, a queue named by its address, signatures of old clients', () => {
    const line = 'GET /111122223333/q?Action=SendMessage&MessageBody=a+b&AWSAccessKeyId=x&SignatureVersion=2';
    expect(bound(line, 'sqs')).toEqual({ QueueUrl: 'http://127.0.0.1:4566/111122223333/q', MessageBody: 'a+b' });
  });

  test.each([
    ['UserName=a&UserName=b', 'MalformedQueryString', 'UserName'],
    ['UserName=%zz', 'MalformedQueryString', '%zz'],
    ['UserName=%ff', 'MalformedQueryString', '%ff'],
    [`UserName=a&${'x.'.repeat(80)}y=1`, 'MalformedQueryString', 'nested'],
    ['UserName.a=b', 'MalformedInput', 'UserName'],
    ['UserName=a&Tags=b', 'MalformedInput', 'Tags'],
    ['UserName=a&Tags.1.Key=b', 'MalformedInput', 'Tags'],
    ['UserName=a&Tags.member.x.Key=b', 'MalformedInput', '"x" is not a number'],
    ['UserName=a&Tags.member.1=b', 'MalformedInput', 'tags.1.member'],
    ['UserName=a&Tags.member.1.Key=b', 'ValidationError', "'tags.1.member.value'"],
    ['Path=%2F', 'ValidationError', "Value null at 'userName' failed to satisfy constraint: Member must not be null"],
  ])('%s is refused: %s', (body, code, place) => {
    const error = refusal('POST /', 'iam', ask('CreateUser', body));
    expect(error.code).toBe(code);
    expect(error.message.toLowerCase()).toContain(place.toLowerCase());
  });

  test.each([
    ['MaxItems=many', 'not a number'],
    ['MaxItems=NaN', 'not a number'],
    ['MaxItems=', 'not a number'],
  ])('%s is refused: %s', (body, place) => {
    expect(refusal('POST /', 'iam', ask('ListUsers', body))).toMatchObject({
      code: 'MalformedInput',
      message: expect.stringContaining(place),
    });
  });

  test('too many parameters are refused', () => {
    expect(refusal('POST /', 'iam', ask('ListUsers', 'a=b&'.repeat(30_000))).code).toBe('MalformedQueryString');
  });
});

describe('CBOR', () => {
  const headers = { 'smithy-protocol': 'rpc-v2-cbor' };
  const list = (hex: string) =>
    refusal('POST /service/AmazonSQS/operation/ListQueues', 'sqs', { headers, body: Buffer.from(hex, 'hex') });

  test.each([
    ['a0a0', 'bytes after its end'],
    ['a1', 'ends too early'],
    ['7fff', 'Unexpected value'],
    ['bf6161', 'ends too early'],
    ['bf6161ff', 'a key without its value'],
    ['ff', 'an end without its begin'],
    ['a10101', 'a key that is not a text'],
    ['a2616101616102', 'the key a twice'],
    ['a161617b7fffffffffffffff', 'ends too early'],
    ['a16161c2420102', 'the tag 2'],
    ['a16161c16161', 'a time that is none'],
    ['a1616162c328', 'not UTF-8'],
    ['a16161fc', 'the simple value 28'],
    ['a161611c', 'a reserved length'],
    ['81'.repeat(40), 'nested too deeply'],
    [`a1${'6a4d6178526573756c7473'}6161`, 'cannot be converted to number'],
  ])('%s is refused: %s', (hex, message) => {
    expect(list(hex)).toMatchObject({ code: 'SerializationException', message: expect.stringContaining(message) });
  });

  test('lengths may be indefinite, numbers of any width', () => {
    const body = Buffer.from(
      'bf6a4d6178526573756c7473f948806f51756575654e616d65507265666978' + '7f6161626263ffff',
      'hex',
    );
    const input = bound('POST /service/AmazonSQS/operation/ListQueues', 'sqs', { headers, body });
    expect(input).toEqual({ MaxResults: 9, QueueNamePrefix: 'abc' });
  });
});
