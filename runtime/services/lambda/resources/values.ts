/** Property values beyond the kernel's readers, and what all resource types of Lambda need. */
import { AwsError, isAwsError } from '../../../base/errors';
import type { Properties, ResourceContext } from '../../../kernel/service';

/** A nested property. @param members all that are honoured; any other is refused by name, as CloudFormation does */
export function object(from: Properties, name: string, members: readonly string[]): Properties | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`#/${name}: expected type: JSONObject, found: ${JSON.stringify(value)}`);
  }
  const strange = Object.keys(value).find((member) => !members.includes(member));
  if (strange !== undefined) throw invalid(`#/${name}: extraneous key [${strange}] is not permitted`);
  return value as Properties;
}

function invalid(what: string): AwsError {
  return new AwsError('ValidationError', `Properties validation failed: ${what}`);
}

export function changed(now: Properties, before: Properties, ...names: string[]): boolean {
  return names.some((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
}

/** Deleting what is already gone succeeds. */
export function ignoreMissing(error: unknown): void {
  if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
}

/** Makes the tags of a resource what the template says. */
export async function retag({ peers }: ResourceContext, Resource: string, wanted: Readonly<Record<string, string>>) {
  const have = (await peers.lambda.ListTags({ Resource })).Tags ?? {};
  const gone = Object.keys(have).filter((tag) => !(tag in wanted));
  if (gone.length > 0) await peers.lambda.UntagResource({ Resource, TagKeys: gone });
  const fresh = Object.entries(wanted).filter(([tag, value]) => have[tag] !== value);
  if (fresh.length > 0) await peers.lambda.TagResource({ Resource, Tags: Object.fromEntries(fresh) });
}
