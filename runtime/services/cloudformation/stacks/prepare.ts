/**
 * From what a caller sends to what a stack shall be: the template read, parameters chosen and fetched, rules checked,
 * imports looked up. Makes nothing; whatever is wrong with the request is said here.
 */
import { partitionOf, urlSuffixOf } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import { formatError, templateError } from '../../../engine/template/errors';
import { evaluate, UNKNOWN } from '../../../engine/template/evaluate';
import { expand } from '../../../engine/template/extensions';
import type { OutputReference } from '../../../engine/template/functions';
import { chooseParameters, isNoEcho, resolveParameters, storedParameters } from '../../../engine/template/parameters';
import { parseDocument } from '../../../engine/template/parse';
import { environmentOf, type Processed, type PseudoValues, processTemplate } from '../../../engine/template/process';
import { attributesIn } from '../../../engine/template/references';
import { readParameters, type Template, templateFor } from '../../../engine/template/template';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import type { Principal } from '../../../kernel/principal';
import { assumed, peersOf } from '../actor';
import { isCustom } from '../custom/custom';
import { type Deployer, deployerOf } from '../deployer';
import { insufficientCapabilities, missingExport, validationError } from '../errors';
import { checkTopics } from '../notices';
import { registeredType } from '../registry';
import { findExport, type Stack, type StackParameter, type StackSettings } from '../state';
import type { Adoptions } from './adopt';
import { parameterValue } from './dynamic';
import { withIncludes } from './includes';
import { type Externals, outputKey } from './run';

export type ParameterWishes = ReadonlyMap<string, string | { readonly usePrevious: true }>;

/** What a caller asks for; what is absent stays as the stack has it. */
export interface Wish {
  readonly template: string;
  readonly parameters: ParameterWishes;
  readonly tags?: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly notificationArns?: readonly string[];
  readonly roleArn?: string;
  /** Resources that exist and are taken in. */
  readonly adopt?: Adoptions;
  /** Nothing but taking in resources. */
  readonly importing?: boolean;
  /** Brings back what was changed behind the stack's back. */
  readonly revertDrift?: boolean;
  /** Outputs that other stacks are about to have. */
  readonly overlay?: Overlay;
  /** To be set with the deployment. */
  readonly stackPolicy?: string;
  /** In place of the stack's own, for this update. */
  readonly stackPolicyDuringUpdate?: string;
  /** Types that the template may use: `AWS::*`, `Custom::*`, `AWS::S3::Bucket`. */
  readonly resourceTypes?: readonly string[];
}

/** Goes before what is deployed; undefined where it knows nothing. */
export interface Overlay {
  imported(name: string): string | undefined;
  output(reference: OutputReference): string | undefined;
}

export interface Prepared {
  readonly text: string;
  readonly target: Processed;
  readonly settings: StackSettings;
  readonly externals: Externals;
}

/** @param stack as it is, or as it will be called */
export async function prepare(
  kernel: Kernel,
  actor: Principal,
  stack: Pick<Stack, 'account' | 'region' | 'name' | 'id'> & Partial<StackSettings>,
  wish: Wish,
): Promise<Prepared> {
  checkTopics(wish.notificationArns);
  const document = parseDocument(wish.template);
  const declared = { parameters: readParameters(document) };
  const previous = new Map((stack.parameters ?? []).map(({ name, value }) => [name, value]));
  const chosen = chooseParameters(declared, wish.parameters, previous);
  const stored = new Map<string, string>();
  const peers = peersOf(kernel, actor, stack);
  await Promise.all(
    [...storedParameters(declared, chosen)].map(async ([name, key]) =>
      stored.set(name, await parameterValue(peers, key)),
    ),
  );
  const notificationArns = wish.notificationArns ?? stack.notificationArns ?? [];
  const values = resolveParameters(declared, chosen, stored);
  const pseudo = pseudoValues(stack, notificationArns);
  const early = new Map<string, string | readonly string[]>([...values, ...Object.entries(pseudo)]);
  const template = templateFor(await withIncludes(peers, document, early), early);
  refuseUnknownTypes(deployerOf(kernel), template);
  checkTypes(template, wish);
  checkAttributes(template);
  const target = processTemplate(template, values, pseudo);
  const parameters = [...chosen].map(([name, value]): StackParameter => {
    const noEcho = isNoEcho(template.parameters.get(name)!) || undefined;
    return { name, value, resolved: stored.get(name), noEcho };
  });
  return {
    text: wish.template,
    target,
    externals: await lookUp(kernel, actor, stack, target, wish.overlay),
    settings: {
      description: template.description,
      parameters,
      tags: wish.tags ?? stack.tags ?? {},
      capabilities: wish.capabilities,
      notificationArns,
      roleArn: wish.roleArn ?? stack.roleArn,
    },
  };
}

/** A deployed template as its transforms leave it. */
export async function transformed(
  peers: Peers,
  document: Record<string, unknown>,
  stack: Stack,
  parameters: readonly StackParameter[],
): Promise<Readonly<Record<string, unknown>>> {
  const declared = { parameters: readParameters(document) };
  const known = parameters.filter(({ name }) => declared.parameters.has(name));
  const chosen = new Map(known.map(({ name, value }) => [name, value]));
  const stored = new Map(known.map(({ name, resolved = '' }) => [name, resolved]));
  const pseudo = pseudoValues(stack, stack.notificationArns);
  const early = new Map([...resolveParameters(declared, chosen, stored), ...Object.entries(pseudo)]);
  return expand(await withIncludes(peers, document, early), early, true);
}

function pseudoValues(
  { account, region, id, name }: Pick<Stack, 'account' | 'region' | 'name' | 'id'>,
  notificationArns: readonly string[],
): PseudoValues {
  const partition = partitionOf(region);
  return {
    'AWS::AccountId': account,
    'AWS::NotificationARNs': notificationArns,
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackId': id,
    'AWS::StackName': name,
    'AWS::URLSuffix': urlSuffixOf(partition),
  };
}

// ---- Capabilities and types ---------------------------------------------------------------------------------------

/** Property with a name of the user's choice, by type. */
const IAM_TYPES = new Map([
  ['AWS::IAM::AccessKey', undefined],
  ['AWS::IAM::Group', 'GroupName'],
  ['AWS::IAM::InstanceProfile', 'InstanceProfileName'],
  ['AWS::IAM::ManagedPolicy', 'ManagedPolicyName'],
  ['AWS::IAM::Policy', undefined],
  ['AWS::IAM::Role', 'RoleName'],
  ['AWS::IAM::User', 'UserName'],
  ['AWS::IAM::UserToGroupAddition', undefined],
]);

/** What a template asks of its deployer. Source: CloudFormation user guide, "Acknowledging IAM resources". */
export function neededCapabilities(template: Template): { needed: string[]; types: string[] } {
  const iam = [...template.resources.values()].filter(({ type }) => IAM_TYPES.has(type));
  const named = iam.some(({ type, properties }) => Object.hasOwn(properties, IAM_TYPES.get(type) ?? ''));
  const types = [...new Set(iam.map(({ type }) => type))];
  return {
    needed: [
      ...(types.length === 0 ? [] : [named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM']),
      ...(template.transforms.length === 0 ? [] : ['CAPABILITY_AUTO_EXPAND']),
    ],
    types,
  };
}

/** Types that neither AWS nor a service of this runtime has. */
export function refuseUnknownTypes(deployer: Deployer, { resources }: Template): void {
  const types = new Set([...resources.values()].map(({ type }) => type));
  const strange = [...types].filter((type) => !deployer.type(type) && !isCustom(type) && !registeredType(type));
  if (strange.length > 0) throw formatError(`Unrecognized resource types: [${strange.join(', ')}]`);
}

function checkTypes(template: Template, { capabilities, resourceTypes }: Wish): void {
  const { needed } = neededCapabilities(template);
  const given = capabilities.includes('CAPABILITY_NAMED_IAM') ? [...capabilities, 'CAPABILITY_IAM'] : capabilities;
  const missing = needed.filter((capability) => !given.includes(capability));
  if (missing.length > 0) throw insufficientCapabilities(missing);
  if (!resourceTypes?.length) return;
  const allowed = (type: string) =>
    resourceTypes.some((pattern) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
  const refused = [...template.resources.values()].find(({ type }) => !allowed(type));
  if (refused) throw validationError(`Resource type ${refused.type} is not allowed by parameter ResourceTypes`);
}

/** Types whose attributes are the template's own business. */
const OPEN_TYPES = new Set(['AWS::CloudFormation::Stack', 'AWS::ServiceCatalog::CloudFormationProvisionedProduct']);

/** @throws AwsError when `Fn::GetAtt` asks for an attribute that AWS does not know */
function checkAttributes({ resources, outputs }: Template): void {
  const values = [...resources.values()].map(({ properties, metadata = {} }) => [properties, metadata]);
  for (const { id, attribute } of attributesIn([values, [...outputs.values()].map(({ value }) => value)])) {
    const type = resources.get(id)?.type ?? '';
    const registered = isCustom(type) || OPEN_TYPES.has(type) ? undefined : registeredType(type);
    if (!registered || registered.attributes.has(attribute)) continue;
    throw templateError(`resource ${id} does not support attribute type ${attribute} in Fn::GetAtt`);
  }
}

// ---- Other stacks -------------------------------------------------------------------------------------------------

/**
 * Looks up imports and outputs of other stacks. Their names hang on nothing that is still to be made, so a first
 * evaluation, with every resource unknown, asks for all of them; it repeats until it asks for nothing new.
 */
async function lookUp(
  kernel: Kernel,
  actor: Principal,
  stack: Pick<Stack, 'account' | 'region' | 'name' | 'id'>,
  target: Processed,
  overlay?: Overlay,
): Promise<Externals> {
  const imports = new Map<string, string>();
  const outputs = new Map<string, string>();
  for (;;) {
    const wantedImports = new Set<string>();
    const wantedOutputs = new Map<string, OutputReference>();
    const environment = environmentOf(target, {
      ref: () => UNKNOWN,
      attribute: () => UNKNOWN,
      imported(name) {
        if (!imports.has(name)) wantedImports.add(name);
        return imports.get(name) ?? UNKNOWN;
      },
      output(reference) {
        const key = outputKey(reference);
        if (!outputs.has(key)) wantedOutputs.set(key, reference);
        return outputs.get(key) ?? UNKNOWN;
      },
    });
    for (const { properties, metadata } of target.resources.values())
      evaluate([properties, metadata ?? {}], environment);
    for (const { value, condition, exportName } of target.template.outputs.values()) {
      if (condition === undefined || target.conditions.get(condition)) evaluate([value, exportName ?? ''], environment);
    }
    if (wantedImports.size === 0 && wantedOutputs.size === 0) return { imports, outputs };
    for (const name of wantedImports) {
      const value = overlay?.imported(name) ?? (await findExport(kernel.store, stack, name))?.value;
      if (value === undefined) throw missingExport(name);
      imports.set(name, value);
    }
    for (const [key, reference] of wantedOutputs)
      outputs.set(key, overlay?.output(reference) ?? (await outputOf(kernel, actor, stack, reference)));
  }
}

/** `Fn::GetStackOutput`: read in the name of the actor, or of the role that the reference names. */
async function outputOf(
  kernel: Kernel,
  actor: Principal,
  stack: Pick<Stack, 'account' | 'region' | 'name'>,
  { stackName, outputName, region = stack.region, roleArn }: OutputReference,
): Promise<string> {
  const reader = roleArn === undefined ? actor : await assumed(kernel, actor, stack, roleArn, 'AWSCloudFormation');
  const place = { account: roleArn === undefined ? stack.account : reader.account!, region };
  try {
    const { Stacks } = await peersOf(kernel, reader, place).cloudformation.DescribeStacks({ StackName: stackName });
    const value = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === outputName)?.OutputValue;
    if (value !== undefined) return value;
  } catch (error) {
    if (!isAwsError(error, 'ValidationError')) throw error;
  }
  throw validationError(`Fn::GetStackOutput: output ${outputName} of stack ${stackName} in ${region} does not exist`);
}
