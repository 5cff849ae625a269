/** Statements and tables as AWS's pages have them: what is asked, and what the page says of it. */
import { type Asking, answer } from './ask';

export const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
export const deny = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});
export const s3 = (...paths: string[]) => paths.map((path) => `arn:aws:s3:::${path}`);

type Case = readonly [says: string, action: string, resource: string, expected: string, more?: Asking];
export function table(cases: readonly Case[], common: Asking): void {
  for (const [says, action, resource, expected, more = {}] of cases)
    test(says, () => expect(answer({ ...common, action, resource, ...more })).toBe(expected));
}
