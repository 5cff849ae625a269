/**
 * What can be deployed, and what came of it, in a test's terms: a CDK app, stage or stack, a cloud assembly, a template;
 * outputs and resources by name or by construct.
 */
import { type ConstructLike, isConstruct, placeOf, type StackLike } from './constructs';
import type { DeployInput, DeployReport, ResourceReport, StackReport } from './services/cloudformation/deploy';
import { findReported } from './services/cloudformation/deploy/report';

/** A CDK `App` or `Stage`. */
export interface StageLike extends ConstructLike {
  synth(): { readonly directory: string };
}

/** A directory that holds a cloud assembly, a template file, a template, an app, a stage or a stack. */
export type Deployable = string | DeployInput | StageLike | StackLike;

/** A finished deployment: its report, and the way to what it made. */
export interface Deployment extends DeployReport {
  /**
   * Value of an output.
   * @param stack name or path; needed only when several stacks have an output of this name
   * @throws Error when there is none, or more than one
   */
  output(name: string, stack?: string): string;
  /**
   * A resource by construct, by path or by logical id.
   * @throws Error when there is none, or more than one
   */
  resource(what: ConstructLike | string, stack?: string): ResourceReport;
}

/** Thrown when a stack could not be deployed; the message says which resource failed and why. */
export class DeployFailed extends Error {
  override readonly name = 'DeployFailed';

  constructor(readonly deployment: Deployment) {
    super(deployment.stacks.flatMap(complaint).join('\n'));
  }
}

/** @returns what to deploy, and the names of the stacks in it when they are not all of them */
export function inputOf(what: Deployable): { input: DeployInput; stacks?: readonly string[] } {
  if (typeof what === 'string') return { input: { directory: what } };
  if (!isConstruct(what)) return { input: what };
  if ('synth' in what) return { input: what.synth() };
  const { root } = what.node as ConstructLike['node'] & { readonly root: StageLike };
  if (typeof root?.synth !== 'function')
    throw new Error(`${what.node.path} stands in no app that could be synthesised`);
  return { input: root.synth(), stacks: [what.stackName] };
}

export function deploymentOf(report: DeployReport): Deployment {
  const within = (stack: string | undefined): readonly StackReport[] =>
    stack === undefined
      ? report.stacks
      : report.stacks.filter(({ id, stackName }) => id === stack || stackName === stack);

  return {
    ...report,
    output(name, stack) {
      const found = within(stack).filter(({ outputs }) => name in outputs);
      return only(found, `output ${name}`).outputs[name];
    },
    resource(what, stack) {
      if (typeof what !== 'string') {
        const place = placeOf(what, { account: '', region: '' });
        return this.resource(place.logicalId, stack ?? place.stackName);
      }
      const found = within(stack).flatMap((one) => findReported(one, what) ?? []);
      return only(found, `resource ${what}`);
    },
  };
}

function only<T>(found: readonly T[], what: string): T {
  if (found.length === 1) return found[0];
  throw new Error(found.length === 0 ? `there is no ${what}` : `several stacks have an ${what}: say which is meant`);
}

function complaint({ stackName, failure, outcome }: StackReport): string[] {
  if (outcome === 'skipped') return [`${stackName} was skipped: a stack that it needs failed`];
  if (!failure) return [];
  const { logicalId, type, constructPath, reason } = failure;
  const where = logicalId === undefined ? '' : ` at ${constructPath ?? logicalId} (${type})`;
  return [`${stackName} failed${where}: ${reason}`];
}
