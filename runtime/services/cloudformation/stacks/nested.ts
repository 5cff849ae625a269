/**
 * Change sets of nested stacks, made with that of the stack around them: for those that exist and would change. New ones
 * have none, for they have no stack yet. Source: CloudFormation user guide, "Change sets for nested stacks".
 */
import { partitionOf } from '../../../base/arn';
import { UNKNOWN } from '../../../engine/template/evaluate';
import { isObject } from '../../../engine/template/parse';
import { peersOf } from '../actor';
import { changeSetArn, SUFFIX_LENGTH } from '../names';
import { fetchText } from '../source';
import { type ChangeSet, findStack, resourcesOf, type Stack } from '../state';
import { nothingAdopted } from './adopt';
import { LATER } from './changes';
import { attempt, contentsOf } from './outcome';
import { type PlannedChange, plan } from './plan';
import { prepare } from './prepare';
import type { Run } from './run';

/** Whose change sets they are. */
interface Family {
  readonly name: string;
  readonly parentId: string;
  readonly rootId: string;
  /** Of the stack around them. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface NestedSets {
  /** By logical id of the nested stack. */
  readonly ids: ReadonlyMap<string, string>;
  /** With those further down. */
  readonly sets: readonly { readonly stack: Stack; readonly changeSet: ChangeSet; readonly template: string }[];
  /** One that could not be made. */
  readonly failed?: string;
}

const CAPABILITIES = ['CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'];

export async function nestedSets(run: Run, changes: readonly PlannedChange[], family: Family): Promise<NestedSets> {
  const ids = new Map<string, string>();
  const sets: NestedSets['sets'][number][] = [];
  let failed: string | undefined;
  for (const { logicalId, type, action, physicalId = '', after } of changes) {
    if (type !== 'AWS::CloudFormation::Stack' || action !== 'Modify' || !after) continue;
    const { account, region } = run.journal.stack();
    const stack = await findStack(run.deployer.kernel.store, account, region, physicalId);
    const url = after.properties.TemplateURL;
    if (!stack || typeof url !== 'string') continue;
    const made = await nestedSet(run, stack, url, after.properties, logicalId, family);
    if (!made) continue;
    ids.set(logicalId, made.sets[0].changeSet.id);
    sets.push(...made.sets);
    if (made.sets[0].changeSet.status === 'FAILED') failed ??= made.sets[0].changeSet.id;
  }
  return { ids, sets, failed };
}

/** @returns its own set first; undefined when there is nothing to change */
async function nestedSet(
  run: Run,
  stack: Stack,
  url: string,
  properties: Readonly<Record<string, unknown>>,
  logicalId: string,
  family: Family,
): Promise<Pick<NestedSets, 'sets'> | undefined> {
  const { deployer, actor, journal } = run;
  const tags = { ...family.tags, ...tagsIn(properties.Tags) };
  const { kernel } = deployer;
  const at = { ...stack, partition: partitionOf(stack.region) };
  const name = `${family.name}-${logicalId}-${kernel.random.upper(SUFFIX_LENGTH)}`
    .slice(-128)
    .replace(/^[^A-Za-z]+/, '');
  const id = changeSetArn(at, name, kernel.random.uuid());
  const template = await fetchText(peersOf(kernel, actor, stack), url);
  const outcome = await attempt(async () => {
    const prepared = await prepare(kernel, actor, stack, {
      template,
      parameters: new Map(Object.entries(parametersIn(properties.Parameters))),
      tags,
      capabilities: CAPABILITIES,
    });
    const planned = plan(deployer, stack, await resourcesOf(kernel.store, stack), prepared);
    const nested = await nestedSets({ ...run, journal: { ...journal, stack: () => stack } }, planned.changes, {
      ...family,
      name,
      parentId: id,
      tags,
    });
    return { prepared, plan: planned, adopt: nothingAdopted, nested };
  });
  if ('plan' in outcome && outcome.plan.changes.length === 0 && !outcome.plan.besides) return undefined;
  const further = 'nested' in outcome ? (outcome.nested?.sets ?? []) : [];
  const changeSet: ChangeSet = {
    ...contentsOf(outcome, stack, tags),
    name,
    id,
    parentId: family.parentId,
    rootId: family.rootId,
    type: 'UPDATE',
    createdAt: kernel.clock.now(),
    capabilities: CAPABILITIES,
    wishes: '{}',
  };
  return { sets: [{ stack, changeSet, template }, ...further] };
}

function tagsIn(value: unknown): Record<string, string> {
  const pairs = Array.isArray(value) ? value.filter(isObject) : [];
  return Object.fromEntries(pairs.map(({ Key, Value }) => [String(Key), String(Value)]));
}

/** As text, as a nested stack gets them; what is known only later has a name of its own. */
function parametersIn(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const text = (item: unknown): string => (item === UNKNOWN ? LATER : [item].flat().map(String).join(','));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, text(item)]));
}
