/** The whole runtime behind its port: requests that are nearly HTTP, and documents that are nearly signed for. */
import fc from 'fast-check';
import { ask, type Door, exchange, openDoor } from '../bad/wire';
import { nearly } from './mutations';
import type { Target } from './target';

let door: Door;
const box = {
  async open() {
    door = await openDoor();
    await ask(door, { method: 'PUT', target: '/box' });
  },
  /** Fails when the runtime reported a defect. */
  close: () => door.close(),
};

function answered(answers: readonly { readonly status: number; readonly brief: string }[]): void {
  for (const { status, brief } of answers) if (status >= 500 && status !== 501) throw new Error(brief);
}

const REQUESTS = [
  'GET /box?list-type=2 HTTP/1.1\r\nHost: box.s3.localhost\r\nConnection: close\r\n\r\n',
  'PUT /box/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\nConnection: close\r\n\r\nhello',
  'POST /box HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 97\r\nConnection: close\r\n\r\n--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nf\r\n--b--\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n1c\r\nAction=GetCallerIdentity&V=1\r\n0\r\n\r\n',
  'OPTIONS /box/k HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nAccess-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: box.s3-website.localhost\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
];

const DOCUMENTS: readonly (readonly [method: string, target: string, body: string])[] = [
  ['PUT', '/box?tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'],
  [
    'PUT',
    '/box?cors',
    '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>http://*.a</AllowedOrigin><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>',
  ],
  [
    'PUT',
    '/box?lifecycle',
    '<LifecycleConfiguration><Rule><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>',
  ],
  [
    'PUT',
    '/box?website',
    '<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>',
  ],
  [
    'PUT',
    '/box?policy',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucketWebsite","Resource":"arn:aws:s3:::box"}]}',
  ],
  [
    'PUT',
    '/box?encryption',
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
  ],
  ['POST', '/box?delete', '<Delete><Object><Key>a</Key></Object></Delete>'],
];

export const socket: readonly Target[] = [
  {
    name: 'http',
    ...box,
    // An end by the client ends a request that promises more than it sends.
    property: fc.asyncProperty(nearly(...REQUESTS), async (bytes) =>
      answered(await exchange(door.port, bytes, { ends: true })),
    ),
  },
  {
    name: 'signed-documents',
    ...box,
    property: fc.asyncProperty(
      fc.oneof(
        ...DOCUMENTS.map(([method, target, body]) => nearly(body).map((bytes) => ({ method, target, body: bytes }))),
      ),
      async (asking) => answered([await ask(door, asking)]),
    ),
  },
];
