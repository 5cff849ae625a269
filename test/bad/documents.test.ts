/** Documents that are not what they should be, in every protocol: AWS's code, a message with the place, no harm done. */
import { createHash } from 'node:crypto';
import { type Asking, ask, type Door, openDoor } from './wire';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
  await ask(door, { method: 'PUT', target: '/box' });
  await ask(door, { method: 'PUT', target: '/box/k', body: 'hello' });
});
afterAll(() => door.close());

async function expectRefusal(asking: Asking, brief: string, place: string): Promise<void> {
  const answer = await ask(door, asking);
  expect(answer.brief).toBe(brief);
  expect(answer.message).toContain(place);
}

describe('XML', () => {
  const lifecycle = (expiration: string) =>
    `<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status><Expiration>${expiration}</Expiration></Rule></LifecycleConfiguration>`;
  const tag = (inner: string) => `<Tagging><TagSet><Tag>${inner}</Tag></TagSet></Tagging>`;
  const encryption = (algorithm: string) =>
    `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;

  test.each<[string, string, string | Uint8Array, string]>([
    ['another root', 'tagging', '<Tags/>', 'root element &lt;Tags&gt; where &lt;Tagging&gt; is expected at line 1'],
    ['an unknown child', 'tagging', tag('<Key>a</Key><Colour/>'), '&lt;Colour&gt; at line 1, column'],
    ['a missing member', 'tagging', tag('<Key>a</Key>'), "'tagging.tagSet.tag.value'"],
    ['nesting without end', 'tagging', '<Tagging>'.repeat(50_000), '&lt;Tagging&gt; at line 1'],
    ['a document type', 'tagging', `<!DOCTYPE a [<!ENTITY x "y">]>${tag('<Key>&x;</Key>')}`, 'document type'],
    ['bytes that are not UTF-8', 'tagging', Buffer.from(tag('<Key>\xff</Key>'), 'latin1'), 'not UTF-8'],
    ['a number that is none', 'lifecycle', lifecycle('<Days>NaN</Days>'), '&quot;NaN&quot; is not an integer'],
    ['a number beyond 32 bits', 'lifecycle', lifecycle('<Days>99999999999</Days>'), "'99999999999' at"],
    ['a date that is none', 'lifecycle', lifecycle('<Date>tomorrow</Date>'), 'is not a timestamp'],
    ['a wrong word', 'versioning', '<VersioningConfiguration><Status>On</Status></VersioningConfiguration>', 'not On'],
    ['an unknown algorithm', 'encryption', encryption('rot13'), 'SSEAlgorithm must be'],
    ['two of one kind', 'lifecycle', lifecycle('<Days>1</Days><Days>2</Days>'), 'occurs more than once'],
  ])('%s is malformed', async (_, subresource, body, place) => {
    await expectRefusal({ method: 'PUT', target: `/box?${subresource}`, body }, '400 MalformedXML', place);
  });

  test.each<[string, string, string, string, string]>([
    ['nothing', 'PUT', '/box?tagging', '', '400 MissingRequestBodyError'],
    ['too much', 'PUT', '/box?tagging', `<Tagging>${' '.repeat(1_200_000)}</Tagging>`, '400 MaxMessageLengthExceeded'],
    ['noon', 'PUT', '/box?lifecycle', lifecycle('<Date>2030-01-01T12:00:00Z</Date>'), '400 InvalidArgument'],
    ['no day', 'PUT', '/box?lifecycle', lifecycle('<Days>0</Days>'), '400 InvalidArgument'],
    ['no keys', 'POST', '/box?delete', '<Delete/>', '400 MalformedXML'],
    [
      'too many keys',
      'POST',
      '/box?delete',
      `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`,
      '400 MalformedXML',
    ],
    ['no policy', 'PUT', '/box?policy', '{}', '400 MalformedPolicy'],
    ['a policy cut off', 'PUT', '/box?policy', '{"Version":', '400 MalformedPolicy'],
    ['a policy without end', 'PUT', '/box?policy', '{"Statement":'.repeat(10_000), '400 MalformedPolicy'],
  ])('%s', async (_, method, target, body, brief) => {
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
    await expectRefusal({ method, target, body, headers }, brief, '');
  });

  test('a prefix for the namespace is as good as none', async () => {
    const body = '<s:Tagging xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:TagSet/></s:Tagging>';
    expect((await ask(door, { method: 'PUT', target: '/box/k?tagging', body })).status).toBe(200);
  });
});

describe('JSON', () => {
  test.each<[string, string, string | Uint8Array, string, string]>([
    ['CreateKey', 'syntax', '{', '400 SerializationException', 'position 1'],
    ['CreateKey', 'something after the end', '{} x', '400 SerializationException', 'position 3'],
    ['CreateKey', 'a list', '[]', '400 SerializationException', 'Start of list'],
    ['CreateKey', 'null', 'null', '400 SerializationException', ''],
    ['CreateKey', 'nesting without end', `{"Tags":${'['.repeat(100_000)}`, '400 SerializationException', ''],
    ['CreateKey', 'another type', '{"Description":5}', '400 SerializationException', 'at Description'],
    ['CreateKey', 'a structure for a list', '{"Tags":{}}', '400 SerializationException', 'at Tags'],
    ['CreateKey', 'half a character', '{"Description":"a\\ud800"}', '400 SerializationException', 'at Description'],
    ['CreateKey', 'not UTF-8', Buffer.from('{"Description":"\xff"}', 'latin1'), '400 SerializationException', 'UTF-8'],
    [
      'CreateKey',
      'too much',
      JSON.stringify({ Description: 'x'.repeat(1_100_000) }),
      '413 RequestEntityTooLargeException',
      '',
    ],
    ['Encrypt', 'nothing of what is needed', '{}', '400 ValidationException', "'keyId'"],
    ['Encrypt', 'no base64', '{"KeyId":"alias/x","Plaintext":"***"}', '400 SerializationException', 'at Plaintext'],
    ['Decrypt', 'no ciphertext', '{}', '400 ValidationException', "'ciphertextBlob'"],
    ['DeleteAlias', 'half a character', '{"AliasName":"alias/\\udfff"}', '400 SerializationException', 'at AliasName'],
    ['GenerateRandom', 'NaN', '{"NumberOfBytes":NaN}', '400 SerializationException', ''],
    ['GenerateRandom', 'too huge', '{"NumberOfBytes":1e999}', '400 SerializationException', 'at NumberOfBytes'],
    ['GenerateRandom', 'a fraction', '{"NumberOfBytes":1.5}', '400 ValidationException', "'numberOfBytes'"],
    ['Nothing', 'an unknown operation', '{}', '400 UnknownOperationException', 'Nothing'],
  ])('%s: %s', async (operation, _, body, brief, place) => {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` };
    await expectRefusal({ method: 'POST', service: 'kms', body, headers }, brief, place);
  });

  test.each<[string, string, string, string]>([
    [
      'AmazonSSM.PutParameter',
      JSON.stringify({ Name: 'x'.repeat(3000), Value: 'v', Type: 'String' }),
      '400 ValidationException',
      'longer than',
    ],
    ['AmazonSSM.GetParameter', JSON.stringify({ Name: 'x'.repeat(3000) }), '400 ParameterNotFound', ''],
    [
      'AmazonSSM.PutParameter',
      JSON.stringify({ Name: 'p', Value: `${'a'.repeat(40)}!`, Type: 'String', AllowedPattern: '^(a+)+$' }),
      '400 ParameterPatternMismatchException',
      '',
    ],
  ])('%s', async (target, body, brief, place) => {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
    await expectRefusal({ method: 'POST', service: 'ssm', body, headers }, brief, place);
  });

  test.each<[string, string, string]>([
    ['{', '400 SerializationException', 'position 1'],
    ['{}', '400 ValidationException', "'functionName'"],
    ['{"FunctionName":1}', '400 SerializationException', 'at FunctionName'],
  ])('Lambda CreateFunction %s', async (body, brief, place) => {
    await expectRefusal({ method: 'POST', target: '/2015-03-31/functions', service: 'lambda', body }, brief, place);
  });
});

describe('Query', () => {
  test.each<[string, string, string]>([
    ['', '400 MissingAction', ''],
    ['Action=Frob', '400 InvalidAction', 'Frob'],
    ['Action=CreateUser', '400 ValidationError', "'userName'"],
    ['Action=CreateUser&UserName=%ff', '404 MalformedQueryString', '%ff'],
    ['Action=CreateUser&UserName=%zz', '404 MalformedQueryString', '%zz'],
    ['Action=CreateUser&UserName=a&UserName=b', '404 MalformedQueryString', 'UserName'],
    ['Action=CreateUser&UserName.x=a', '400 MalformedInput', 'at UserName'],
    ['Action=CreateUser&UserName=a&Tags.member.x.Key=k', '400 MalformedInput', 'at Tags'],
    ['Action=CreateUser&UserName=a&Tags.member.999999999.Key=k', '400 MalformedInput', 'at Tags'],
    ['Action=CreateUser&UserName=a&Tags.member.1.Key=k', '400 ValidationError', "'tags.1.member.value'"],
    ['Action=ListUsers&MaxItems=abc', '400 MalformedInput', 'at MaxItems'],
    ['Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B', '400 MalformedPolicyDocument', 'line 1, column 2'],
  ])('%s', async (form, brief, place) => {
    const body = form && `${form}&Version=2010-05-08`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await expectRefusal({ method: 'POST', service: 'iam', body, headers }, brief, place);
  });
});
