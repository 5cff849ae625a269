// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies and templates are written so
/** Readers of whole documents: whatever they are given, they accept it or refuse it by name. */
import fc from 'fast-check';
import { AwsError } from '../../runtime/base/errors';
import { compile } from '../../runtime/engine/policy/compile';
import { PolicyError, readDocument } from '../../runtime/engine/policy/document';
import { readTemplate } from '../../runtime/engine/template/template';
import { readTarget } from '../../runtime/kernel/incoming';
import { decodeCbor, encodeCbor } from '../../runtime/protocol/cbor';
import { createProtocols } from '../../runtime/protocol/protocols';
import { readPolicy } from '../../runtime/services/s3/forms/policy';
import { FORM, request } from '../protocol/requests';
import { type ServiceName, services, wires } from '../protocol/wires';
import { nearly } from './mutations';
import { refusal, type Target } from './target';

const protocols = createProtocols(services);

function bind(service: ServiceName, line: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const asked = request(line, { body, headers });
  const route = protocols.route(
    asked,
    wires[service].signingNames[0],
    protocols.needsForm(asked, service) ? body : undefined,
  );
  const operation = protocols.operation(route);
  const input = operation.bindHead(asked, route);
  return operation.bindBody(body, input, asked);
}

const XML: readonly (readonly [line: string, document: string])[] = [
  ['PUT /box?tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b &amp; c</Value></Tag></TagSet></Tagging>'],
  [
    'PUT /box?lifecycle',
    '<LifecycleConfiguration><Rule><ID>a</ID><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>',
  ],
  [
    'POST /box?delete',
    '<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet><Object><Key>a&#10;b</Key><VersionId>null</VersionId></Object></Delete>',
  ],
  [
    'PUT /box?acl',
    '<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
  ],
];

const STATEMENT = {
  Sid: 'a',
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111122223333:root' },
  Action: ['s3:Get*', 's3:PutObject'],
  Resource: 'arn:aws:s3:::box/${aws:username}/*',
  Condition: {
    'ForAnyValue:StringLikeIfExists': { 'aws:TagKeys': ['a*', 'b?'] },
    IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
    DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' },
  },
};
const POLICY = JSON.stringify({ Version: '2012-10-17', Statement: [STATEMENT] });

const FORM_POLICY = JSON.stringify({
  expiration: '2030-01-01T00:00:00.000Z',
  conditions: [{ bucket: 'box' }, ['starts-with', '$key', 'a/'], ['content-length-range', 0, 10]],
});

const TEMPLATES = [
  JSON.stringify({
    Parameters: { P: { Type: 'String', Default: 'a' } },
    Resources: { B: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': '${P}-${AWS::Region}' } } } },
    Outputs: { O: { Value: { 'Fn::GetAtt': ['B', 'Arn'] } } },
  }),
  'Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Join ["-", [!Ref AWS::StackName, b]]\n      Tags: &t\n        - {Key: a, Value: "1"}\nOutputs:\n  O: {Value: !GetAtt B.Arn}\n',
];

/** Long documents are read in turns: an action may be a promise. */
async function accepted(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    refusal(error);
  }
}

export const documents: readonly Target[] = [
  {
    name: 'xml',
    property: fc.asyncProperty(
      fc.oneof(...XML.map(([line, document]) => nearly(document).map((body) => ({ line, body })))),
      ({ line, body }) => accepted(() => bind('s3', line, body)),
    ),
  },
  {
    name: 'json',
    property: fc.asyncProperty(
      nearly(
        '{"Description":"a","Tags":[{"TagKey":"k","TagValue":"v"}],"MultiRegion":true,"Policy":"{}"}',
        '{"KeyUsage":"SIGN_VERIFY","KeySpec":"ECC_NIST_P256"}',
      ),
      (body) =>
        accepted(() =>
          bind('kms', 'POST /', body, {
            'x-amz-target': 'TrentService.CreateKey',
            'content-type': 'application/x-amz-json-1.1',
          }),
        ),
    ),
  },
  {
    name: 'query',
    property: fc.asyncProperty(
      nearly(
        'Action=CreateUser&Version=2010-05-08&UserName=ada&Tags.member.1.Key=a&Tags.member.1.Value=b%20c',
        'Action=SimulateCustomPolicy&Version=2010-05-08&PolicyInputList.member.1=%7B%7D&ActionNames.member.1=s3:GetObject&ContextEntries.member.1.ContextKeyName=a&ContextEntries.member.1.ContextKeyValues.member.2=b',
      ),
      (body) => accepted(() => bind('iam', 'POST /', body, FORM)),
    ),
  },
  {
    name: 'cbor',
    property: fc.asyncProperty(
      nearly(
        encodeCbor({ logGroupName: 'g', logEvents: [{ timestamp: 1, message: 'm' }, { message: 'é'.repeat(30) }] }),
      ),
      (body) =>
        accepted(() =>
          bind('logs', 'POST /service/Logs_20140328/operation/PutLogEvents', body, {
            'smithy-protocol': 'rpc-v2-cbor',
            'content-type': 'application/cbor',
          }),
        ),
    ),
  },
  {
    name: 'cbor-round-trip',
    property: fc.property(
      fc.object({
        values: [
          fc.string({ unit: 'binary' }),
          fc.constant('\ufeffmarked'),
          fc.integer(),
          fc.double({ noNaN: true }),
          fc.boolean(),
          fc.constant(null),
        ],
        maxDepth: 4,
      }),
      (value) => {
        // What has no name of its own in JavaScript is not sent.
        const plain = JSON.parse(
          JSON.stringify(value, (_, item) => (Object.is(item, -0) ? 0 : Number.isNaN(item) ? 0 : item)),
        );
        const back = decodeCbor(encodeCbor(plain));
        if (JSON.stringify(back) !== JSON.stringify(plain)) throw new Error(`came back as ${JSON.stringify(back)}`);
      },
    ),
  },
  {
    name: 'policy',
    property: fc.property(nearly(POLICY), (bytes) => {
      const text = bytes.toString();
      try {
        readDocument(text);
      } catch (error) {
        if (!(error instanceof PolicyError)) throw error;
        if (!('problem' in compile(text))) throw new Error('compiled, though it cannot be read');
      }
    }),
  },
  {
    name: 'form-policy',
    property: fc.asyncProperty(nearly(FORM_POLICY), (bytes) => accepted(() => readPolicy(bytes.toString('base64')))),
  },
  {
    name: 'template',
    property: fc.asyncProperty(nearly(...TEMPLATES), (bytes) => accepted(() => readTemplate(bytes.toString()))),
  },
  {
    name: 'head',
    property: fc.asyncProperty(
      nearly(
        'GET /box/a%20b?versionId=null&partNumber=3&response-expires=x',
        'PUT /box?list-type=2&max-keys=10&prefix=%F0%9F%98%80',
      ),
      fc.dictionary(
        fc.constantFrom(
          'range',
          'if-match',
          'if-modified-since',
          'x-amz-tagging',
          'x-amz-copy-source',
          'content-md5',
          'x-amz-meta-a',
          'x-amz-object-lock-retain-until-date',
          'x-amz-write-offset-bytes',
          'x-amz-target',
          'smithy-protocol',
          'content-type',
        ),
        nearly('bytes=0-1', 'Fri, 20 Nov 2026 18:58:50 GMT', 'a=b&c=d', '/box/key?versionId=x').map((bytes) =>
          bytes.toString('latin1'),
        ),
      ),
      (line, headers) =>
        accepted(() => {
          const [method, target = '/'] = line.toString().split(' ');
          if (!/^[A-Z]+$/.test(method)) return;
          const asked = { ...request(`${method} /`, { headers }), ...targetOf(target) };
          const route = protocols.route(asked, undefined, undefined);
          protocols.operation(route).bindHead(asked, route);
        }),
    ),
  },
];

function targetOf(target: string) {
  const origin = target.startsWith('/') ? target : `/${target}`;
  if (!/^[\x21-\x7e]*$/.test(origin)) throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  return readTarget(origin);
}
