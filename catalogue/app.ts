/**
 * The app of `bin/` in this process, as `cdk synth` would make it (the context of cdk.json), for those who look at its
 * constructs and not only at its templates. Its assembly goes to a temporary folder.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { top } from './assembly';

let loaded: App | undefined;

/** The app, synthesised. The built-in template validator is left out: `cdk synth` runs it. */
export function app(): App {
  if (loaded !== undefined) return loaded;
  const { context } = JSON.parse(readFileSync(join(top, 'cdk.json'), 'utf8'));
  const outdir = mkdtempSync(join(tmpdir(), 'catalogue-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  Object.assign(process.env, {
    CDK_CONTEXT_JSON: JSON.stringify(context),
    CDK_OUTDIR: outdir,
    CDK_VALIDATION: 'false',
  });
  loaded = (require('../bin/app') as typeof import('../bin/app')).app;
  return loaded;
}

/** A resource of the app with its properties as they stand in the template. */
export interface Resource {
  readonly path: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is any JSON
  readonly properties: any;
  readonly construct: CfnResource;
}

/** Every resource of the app. */
export function resources(): Resource[] {
  const assembly = app().synth();
  return app()
    .node.findAll()
    .filter((child: IConstruct): child is CfnResource => CfnResource.isCfnResource(child))
    .flatMap((construct) => {
      const stack = Stack.of(construct);
      const logicalId = stack.resolve(construct.logicalId) as string;
      const found = assembly.getStackArtifact(stack.artifactId).template.Resources?.[logicalId];
      if (found === undefined) return [];
      const { path } = construct.node;
      const properties = found.Properties ?? {};
      return [{ path, stack: stack.stackName, logicalId, type: found.Type, properties, construct }];
    });
}
