/** The validator's rules for templates, run by CloudFormation's validator over what CDK lets pass. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CofferRules, SecureBucket } from '@coffer/constructs';
import { App, CloudFormationValidatePlugin, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { WRONG } from './wrong';

process.env.CDK_VALIDATION = 'false';

const context = require('aws-cdk-lib/recommended-feature-flags.json');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-rules-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What `plugin` finds in the templates of stacks, of our rules alone, by the path of the template. */
function found(plugin: CloudFormationValidatePlugin, stacks: Stack[]): Map<string, Set<string>> {
  const stackTemplates = stacks.map((stack, i) => {
    const templatePath = join(directory, `${i}.json`);
    writeFileSync(templatePath, JSON.stringify(Template.fromStack(stack).toJSON()));
    return { stackConstructPath: stack.node.path, templatePath, accountId: undefined, region: undefined };
  });
  const rules = new Map(stackTemplates.map(({ templatePath }) => [templatePath, new Set<string>()]));
  const templatePaths = [...rules.keys()];
  const { violations } = plugin.validate({ stackTemplates, templatePaths, appConstruct: stacks[0].node.root });
  for (const { ruleName, violatingResources } of violations)
    if (/coffer/i.test(ruleName))
      for (const { templatePath } of violatingResources) rules.get(templatePath!)!.add(ruleName);
  return rules;
}

const stackOf = () => new Stack(new App({ context }), 'S');
const secure = () => {
  const stack = stackOf();
  new SecureBucket(stack, 'Data');
  return stack;
};

// The validator compiles its rules for seconds, once for all of these templates.
test('what CDK lets pass is found in the template, each by its rule; what SecureBucket makes is right', () => {
  const stacks = WRONG.map(({ make }) => {
    const stack = stackOf();
    make(stack);
    return stack;
  });
  const rules = { regoRules: CofferRules.rego(), guardRules: CofferRules.guard(), includeDefaultRules: false };
  const all = found(new CloudFormationValidatePlugin(rules), [...stacks, secure()]);
  const told = (by: RegExp) => [...all.values()].map((it) => [...it].filter((rule) => by.test(rule)).sort());
  const wrong = told(/^Coffer-/);
  expect(WRONG.map(({ what }, i) => [what, wrong[i]])).toEqual(WRONG.map(({ what, rule }) => [what, [rule]]));
  expect(wrong.at(-1)).toEqual([]);
  const lacking = told(/^Coffer_/);
  expect(lacking[0]).toEqual(['Coffer_Encryption', 'Coffer_OwnerEnforced', 'Coffer_PublicAccess']);
  expect(lacking.at(-1)).toEqual([]);
  expect(CofferRules.plugin()).toBeInstanceOf(CloudFormationValidatePlugin);
});
