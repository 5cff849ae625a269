/** Putting and deleting parameters. Source: Systems Manager API Reference, "PutParameter"; User Guide, "Parameter tiers". */
import type * as Ssm from '@aws-sdk/client-ssm';
import type { ParameterTier } from '@aws-sdk/client-ssm';
import { matchesInTime } from '../../../base/expression';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import {
  alreadyExists,
  constraint,
  invalidPattern,
  parameterNotFound,
  patternMismatch,
  typeMismatch,
  unsupported,
  validation,
  versionLimit,
} from '../errors';
import { arnOf, checkName } from '../names';
import { defaultKey, seal } from '../secrets';
import {
  deleteVersion,
  eraseParameter,
  readParameter,
  readVersion,
  type VersionRow,
  versionsOf,
  writeParameter,
  writeVersion,
} from '../state';
import { readTags } from '../tags';

const standardBytes = 4096;
const advancedBytes = 8192;
const versionsKept = 100;

function tierFor(asked: ParameterTier | undefined, size: number, previous: ParameterTier | undefined): ParameterTier {
  const needed = previous === 'Advanced' || size > standardBytes ? 'Advanced' : 'Standard';
  const chosen = asked === 'Intelligent-Tiering' ? needed : (asked ?? previous ?? 'Standard');
  if (chosen === 'Standard' && previous === 'Advanced')
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  const limit = chosen === 'Advanced' ? advancedBytes : standardBytes;
  if (size > limit)
    throw validation(
      chosen === 'Advanced'
        ? `Advanced tier parameters support a maximum parameter value of ${advancedBytes} characters.`
        : `Standard tier parameters support a maximum parameter value of ${standardBytes} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.`,
    );
  return chosen;
}

/** @throws InvalidAllowedPatternException, ParameterPatternMismatchException */
function checkPattern(pattern: string | undefined, value: string): void {
  if (pattern === undefined) return;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    throw invalidPattern(pattern);
  }
  if (!matchesInTime(expression, value)) throw patternMismatch(pattern);
}

type PutInput = Ssm.PutParameterCommandInput;

/** What needs no state. */
function checkInput(call: Call, name: string, input: PutInput): void {
  checkName(call, name);
  if (input.Value === '') throw constraint('value', '', 'have length greater than or equal to 1');
  if (/\{\{.*\}\}/.test(input.Value!))
    throw validation('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
  if (input.Description !== undefined && input.Description.length > 1024)
    throw constraint('description', input.Description, 'have length less than or equal to 1024');
  if (input.Policies) throw unsupported('Policies');
  if (input.DataType !== undefined && input.DataType !== 'text') throw unsupported(`DataType ${input.DataType}`);
  if (input.KeyId !== undefined && input.Type !== undefined && input.Type !== 'SecureString')
    throw validation('KeyId is only valid for parameters of type SecureString.');
  if (input.Overwrite && input.Tags?.length)
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
}

export const writingHandlers = {
  async PutParameter(call, input) {
    const { store } = call.kernel;
    const name = input.Name!.trim();
    checkInput(call, name, input);
    const tags = readTags(input.Tags);

    const current = await readParameter(store, call, name);
    if (current && !input.Overwrite) throw alreadyExists();
    const previous = current && (await readVersion(store, call, name, current.latest));
    const type = input.Type ?? current?.type;
    if (!type) throw validation('A parameter type is required when you create a parameter.');
    if (current && type !== current.type) throw typeMismatch();
    const value = input.Value!;
    checkPattern(input.AllowedPattern, value);
    const tier = tierFor(input.Tier, Buffer.byteLength(value), previous?.tier);
    const keyId = type === 'SecureString' ? (input.KeyId ?? previous?.keyId ?? defaultKey) : undefined;
    const kept = keyId === undefined ? value : await seal(call, arnOf(call, name), keyId, tier, value);

    return store.write(async (tx) => {
      const found = await readParameter(tx, call, name);
      if (found && !input.Overwrite) throw alreadyExists();
      if (found && found.type !== type) throw typeMismatch();
      const version = (found?.latest ?? 0) + 1;
      const row: VersionRow = {
        name,
        type,
        version,
        value: kept,
        tier,
        keyId,
        description: input.Description ?? previous?.description,
        allowedPattern: input.AllowedPattern,
        dataType: 'text',
        labels: [],
        modified: call.now,
        modifiedBy: call.principal.arn,
      };
      if (version > versionsKept) {
        const [oldest] = await versionsOf(tx, call, name);
        if (oldest.labels.length > 0) throw versionLimit(name, oldest.version);
        deleteVersion(tx, call, name, oldest.version);
      }
      writeParameter(tx, call, { name, type, latest: version, tags: found?.tags ?? tags });
      writeVersion(tx, call, row);
      return { Version: version, Tier: tier };
    });
  },

  async DeleteParameter(call, input) {
    const removed = await call.kernel.store.write((tx) => eraseParameter(tx, call, input.Name!.trim()));
    if (!removed) throw parameterNotFound();
    return {};
  },

  async DeleteParameters(call, input) {
    if (input.Names!.length < 1 || input.Names!.length > 10)
      throw constraint('names', `[${input.Names}]`, 'have length between 1 and 10');
    return call.kernel.store.write(async (tx) => {
      const DeletedParameters: string[] = [];
      const InvalidParameters: string[] = [];
      for (const name of new Set(input.Names))
        ((await eraseParameter(tx, call, name.trim())) ? DeletedParameters : InvalidParameters).push(name);
      return { DeletedParameters, InvalidParameters };
    });
  },
} satisfies Handlers<typeof Ssm>;
