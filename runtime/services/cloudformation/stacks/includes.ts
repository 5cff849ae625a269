/**
 * The transform `AWS::Include`: a snippet out of S3 takes the place of the call, merged with what stands beside it. Read
 * as the stack's actor. Source: CloudFormation user guide, "AWS::Include transform".
 */
import { invalid } from '../../../engine/template/errors';
import { evaluate } from '../../../engine/template/evaluate';
import { earlyEnvironment, INCLUDE } from '../../../engine/template/extensions';
import type { ParameterValues } from '../../../engine/template/parameters';
import { isObject, parseDocument } from '../../../engine/template/parse';
import type { Peers } from '../../../kernel/peers';
import { fetchText } from '../source';

type Document = Readonly<Record<string, unknown>>;

/** @throws AwsError ValidationError for a snippet that cannot be read */
export async function withIncludes(peers: Peers, document: Document, values: ParameterValues): Promise<Document> {
  const environment = earlyEnvironment(document, values);

  async function snippet(call: unknown): Promise<Document> {
    const parameters = isObject(call) && isObject(call.Parameters) ? call.Parameters : {};
    const location = evaluate(parameters.Location ?? '', environment);
    if (typeof location !== 'string' || !location.startsWith('s3://')) {
      throw invalid(`Transform ${INCLUDE} failed with: The location parameter is not a valid S3 uri.`);
    }
    const found = parseDocument(await fetchText(peers, location));
    if (JSON.stringify(found).includes('"Fn::Transform"')) {
      throw invalid(`Transform ${INCLUDE} failed with: a snippet cannot include another.`);
    }
    return found;
  }

  async function visit(value: unknown): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map(visit));
    if (!isObject(value)) return value;
    const members: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === 'Fn::Transform' && isObject(item) && item.Name === INCLUDE)
        Object.assign(members, await snippet(item));
      else members[key] = await visit(item);
    }
    return members;
  }

  const top = [document.Transform ?? []].flat().filter((it) => isObject(it) && it.Name === INCLUDE);
  if (top.length === 0 && !JSON.stringify(document).includes('"Fn::Transform"')) return document;
  const whole = (await visit(document)) as Record<string, unknown>;
  for (const call of top) {
    for (const [name, section] of Object.entries(await snippet(call))) {
      const own = whole[name];
      whole[name] = isObject(own) && isObject(section) ? { ...own, ...section } : (own ?? section);
    }
  }
  return whole;
}
