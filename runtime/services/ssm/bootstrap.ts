/**
 * Every account and Region answers as bootstrapped: the version parameter that the CDK CLI and every CDK stack ask for
 * is there until somebody puts a real one in its place. It is answered, never listed.
 */
import type { VersionRow } from './state';

/** The bootstrap template that aws-cdk 2.1148 brings along has version 33. */
const values: Readonly<Record<string, string>> = { '/cdk-bootstrap/hnb659fds/version': '33' };

export function bootstrapped(name: string, now: number): VersionRow | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return value === undefined
    ? undefined
    : {
        name,
        value,
        type: 'String',
        version: 1,
        tier: 'Standard',
        dataType: 'text',
        labels: [],
        modified: now,
        modifiedBy: 'bootstrap',
      };
}
