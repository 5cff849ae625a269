/**
 * The examples of the constructs' docstrings as one program, as a stranger's app would hold them: it imports the package
 * by its name, makes a stack per example and asks six packs of cdk-nag. `test/packed` compiles and runs it outside of
 * the repository, with the packed package.
 */
import type { Assembly, AssemblyType } from './assembly';

/** One example of a docstring. */
export interface Example {
  readonly name: string;
  readonly code: string;
  /** Whether it makes a construct, which is to pass the packs; a mixin does one thing for a bucket that may fail others. */
  readonly construct: boolean;
}

const MOST_LINES = 10;

/** What examples may use without making it: one line each, and what that line needs. */
const FIXTURES: readonly [name: string, line: string][] = [
  [
    'otherRegionStack',
    "const otherRegionStack = new Stack(app, 'Other', { env: { account: this.account, region: 'eu-west-1' } });",
  ],
  ['role', "const role = new iam.Role(this, 'FixtureRole', { assumedBy: new iam.AccountPrincipal(this.account) });"],
  ['key', "const key = new kms.Key(this, 'FixtureKey', { enableKeyRotation: true });"],
  ['bucket', "const bucket = new SecureBucket(this, 'FixtureBucket');"],
  ['vpc', "const vpc = new ec2.Vpc(this, 'FixtureVpc', { natGateways: 0, restrictDefaultSecurityGroup: false });"],
  ['replica', "const replica = new SecureBucket(this, 'FixtureReplica');"],
  ['archive', "const archive = new LogArchive(this, 'FixtureArchive');"],
  [
    'pem',
    "const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();",
  ],
];

const chain = (assembly: Assembly, type: AssemblyType): string[] => {
  const base = type.base === undefined ? undefined : assembly.types[type.base];
  return [...(type.base === undefined ? [] : [type.base]), ...(base === undefined ? [] : chain(assembly, base))];
};

/** Whether a type is a construct that people make. */
export function isConstruct(type: AssemblyType): boolean {
  return type.kind === 'class' && type.initializer?.parameters?.[0]?.type.fqn === 'constructs.Construct';
}

/** Whether a type is a mixin that people apply. */
export function isMixin(assembly: Assembly, type: AssemblyType): boolean {
  return type.kind === 'class' && !type.abstract && chain(assembly, type).some((fqn) => /\.Mixin$/.test(fqn));
}

/** Every example, by the name of its type. */
export function examples(assembly: Assembly): Example[] {
  return Object.values(assembly.types).flatMap((type) =>
    type.docs?.example === undefined
      ? []
      : [{ name: type.name, code: type.docs.example, construct: isConstruct(type) }],
  );
}

/** Constructs and mixins without an example, and examples that are too long. */
export function exampleProblems(assembly: Assembly): string[] {
  return Object.values(assembly.types).flatMap((type) => {
    const { filename } = type.locationInModule;
    const wanted = isConstruct(type) || isMixin(assembly, type);
    const lines = type.docs?.example?.split('\n').length;
    if (lines === undefined) return wanted ? [`${filename}: ${type.name} shows no @example`] : [];
    return lines > MOST_LINES ? [`${filename}: the example of ${type.name} has more than ${MOST_LINES} lines`] : [];
  });
}

const uses = (code: string, name: string) => new RegExp(`\\b${name}\\b`).test(code);
const makes = (code: string, name: string) => new RegExp(`(const|let) ${name}\\b`).test(code);

/** The program: prints, as JSON, the findings of the packs by example. */
export function program(assembly: Assembly): string {
  const all = examples(assembly);
  const exported = Object.values(assembly.types)
    .filter(({ kind, datatype }) => kind !== 'interface' || !datatype)
    .map(({ name }) => name);
  const stacks = all.map(({ name, code }) => {
    const needed = FIXTURES.filter(([fixture]) => uses(code, fixture) && !makes(code, fixture));
    return `
class ${name}Example extends Stack {
  constructor(app: App, id: string) {
    super(app, id, { env: { account: '111122223333', region: 'us-east-1' } });
    ${needed.map(([, line]) => line).join('\n    ')}
    {
      ${code.split('\n').join('\n      ')}
    }
  }
}`;
  });
  const used = exported.filter((name) => uses(stacks.join('\n').replaceAll(/class \w+Example/g, ''), name));
  return `// Written by catalogue/examples.ts.
import { generateKeyPairSync } from 'node:crypto';
import { ${used.join(', ')} } from '@coffer/constructs';
import * as cdk from 'aws-cdk-lib';
import { App, CfnOutput, Duration, Mixins, RemovalPolicy, Size, Stack, Validations } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as nag from 'cdk-nag';
${stacks.join('\n')}

const packs = [nag.AwsSolutionsChecks, nag.HIPAASecurityChecks, nag.NIST80053R4Checks, nag.NIST80053R5Checks, nag.PCIDSS321Checks, nag.ServerlessChecks];
const report: Record<string, string[]> = {};
for (const [name, Example] of Object.entries({ ${all.map(({ name }) => `${name}: ${name}Example`).join(', ')} })) {
  const app = new App();
  new Example(app, name);
  report[name] = packs.flatMap((Pack) =>
    new Pack().validateScope(app).violations.flatMap((violation) =>
      violation.violatingResources.map((resource) => \`\${violation.ruleName} \${resource.constructPath}\`),
    ),
  ).filter((finding) => !finding.includes('/FixtureVpc/')); // The network is the reader's, not ours.
  app.synth();
}
console.log(JSON.stringify(report));
void [generateKeyPairSync, cdk, CfnOutput, Duration, Mixins, RemovalPolicy, Size, Validations, cloudfront, ec2, iam, kms, lambda, logs, s3, sns, sqs, subscriptions];
`;
}
