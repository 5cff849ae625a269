/** The suite's own configuration file: where the runtime listens, and who is declared in `coffer.json`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CofferConfig } from '@coffer/runtime';

/** Sections of the suite's file, by the account whose root user each stands for. */
const SECTIONS: Readonly<Record<string, string>> = {
  's3 main': '111111111111',
  's3 alt': '222222222222',
  's3 tenant': '333333333333',
  iam: '444444444444',
  'iam root': '555555555555',
  'iam alt root': '666666666666',
};

export interface Settings {
  readonly hostname: string;
  readonly port: string;
  /** Without the id. */
  readonly keyArn: string;
  readonly storageClasses: string;
}

export function suiteConfiguration({ hostname, port, keyArn, storageClasses }: Settings): string {
  const { accounts = [] } = JSON.parse(readFileSync(resolve('test/conformance/coffer.json'), 'utf8')) as CofferConfig;
  const more: Readonly<Record<string, readonly string[]>> = {
    's3 main': [
      'api_name = us-west-2',
      'lc_debug_interval = 10',
      `kms_keyid = ${keyArn}/testkey-1`,
      `kms_keyid2 = ${keyArn}/testkey-2`,
      `storage_classes = ${storageClasses}`,
    ],
    's3 tenant': ['tenant = testx'],
  };
  const sections = Object.entries(SECTIONS).map(([section, id]) => {
    const account = accounts.find((one) => one.id === id);
    const [key] = account?.accessKeys ?? [];
    return [
      `[${section}]`,
      `display_name = ${account?.name}`,
      `user_id = ${account?.canonicalId}`,
      `email = ${account?.email}`,
      `access_key = ${key?.accessKeyId}`,
      `secret_key = ${key?.secretAccessKey}`,
      ...(more[section] ?? []),
    ];
  });
  return [
    ['[DEFAULT]', `host = ${hostname}`, `port = ${port}`, 'is_secure = False', 'ssl_verify = False'],
    ['[fixtures]', 'bucket prefix = s3t-{random}-', 'iam name prefix = s3-tests-', 'iam path prefix = /s3-tests/'],
    ...sections,
  ]
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}
