/**
 * The stacks of the app as a whole: a snapshot of each as an alarm for changes that nobody meant (`npx jest test/lib/stacks
 * -u` accepts them), what runs in them, and that no finding of the six packs is without a reason.
 */
import { app, resources } from '../../catalogue/app';
import { findings } from '../../catalogue/compliance';

/** A template without what changes with every build: hashes of assets, the version of CDK. */
function steady(template: Record<string, unknown>): unknown {
  const { Parameters: _, Rules: __, ...rest } = template;
  return JSON.parse(
    JSON.stringify(rest)
      .replaceAll(/[0-9a-f]{64}/g, 'HASH')
      .replaceAll(/Deployment[0-9a-f]{32,40}/g, 'DeploymentHASH'),
  );
}

const stacks = app().synth().stacksRecursively;

test.each(stacks.map((stack) => [stack.stackName, stack.template]))('%s is as it was', (_name, template) => {
  expect(steady(template)).toMatchSnapshot();
});

test('no construct adds a function that its feature does not need', () => {
  const functions: Record<string, number> = {};
  for (const { stackName } of stacks) functions[stackName] = 0;
  for (const { type, stack } of resources()) if (type === 'AWS::Lambda::Function') functions[stack] += 1;
  expect(functions).toMatchObject({
    AppData: 1, // describes uploads
    Backup: 0,
    BackupReplica: 0,
    DataLake: 0,
    LogArchive: 0,
    Media: 3, // the upload API, the mover from quarantine, the catalogue
    StaticSite: 1, // puts the content
  });
});

test('every finding of six packs is answered for, on a construct and not on a stack', () => {
  expect(findings().filter(({ reason }) => reason === undefined)).toEqual([]);
});

test('no stack and no app acknowledges anything for all that is in it', () => {
  const wide = [app(), ...app().node.children].filter(({ node }) =>
    node.metadata.some(({ type }) => /acknowledg/i.test(type)),
  );
  expect(wide.map(({ node }) => node.path)).toEqual([]);
});
