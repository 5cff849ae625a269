/**
 * An audit pack over any CDK app, beside the packs of cdk-nag 3: what AWS would refuse or silently ignore, and what a
 * bucket lacks that this package would have given it. It is a policy validation plugin as those are, honours the same
 * acknowledgements and answers `validateScope()` alike, yet needs no cdk-nag (whose loading takes longer than this
 * whole package). Source: cdk-nag 3, "Rules"; aws-cdk-lib, "Policy Validation".
 */
import type {
  CfnResource,
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { acknowledged } from './acknowledge';
import { baselineProblems } from './baseline';
import type { Problem } from './problems';
import { resourceProblems } from './resource';
import { RULES } from './rules';
import { Surroundings } from './surroundings';

/** How `CofferChecks` reports. */
export interface CofferChecksProps {
  /**
   * Whether buckets are also held to what this package gives its own: encryption, versions, TLS, access logs and so on.
   * @default true
   */
  readonly baseline?: boolean;
}

/**
 * The audit pack.
 *
 * @example
 * Validations.of(app).addPlugins(new CofferChecks());
 */
export class CofferChecks implements IPolicyValidationPlugin {
  /** Name of the pack in reports. */
  public readonly name = 'Coffer';
  /**
   * Ids of the rules, as they are acknowledged.
   * @default - those of this pack
   */
  public readonly ruleIds?: string[] = RULES.map(({ id }) => id);

  constructor(private readonly props: CofferChecksProps = {}) {}

  /** Judges the app that is synthesised; called by the CDK. */
  public validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    return this.validateScope(context.appConstruct);
  }

  /** Judges every resource of S3 below `scope`, for tests. */
  public validateScope(scope: IConstruct): PolicyValidationPluginReport {
    const around = new Surroundings(scope.node.root);
    const violations: PolicyViolation[] = [];
    for (const resource of new Surroundings(scope).all()) {
      const found = resourceProblems(resource, around);
      if (this.props.baseline !== false) found.push(...baselineProblems(resource, around));
      for (const problem of found)
        if (!acknowledged(resource, problem.rule ?? '')) violations.push(violation(resource, problem));
    }
    return { success: violations.every((it) => it.severity !== 'error'), violations };
  }
}

function violation(resource: CfnResource, problem: Problem): PolicyViolation {
  return {
    ruleName: problem.rule ?? '',
    description: `${problem.property} is ${problem.given}; allowed: ${problem.allowed}`,
    fix: problem.fix,
    severity: problem.warning ? 'warning' : 'error',
    violatingResources: [{ constructPath: resource.node.path, locations: [`Properties.${problem.property}`] }],
  };
}
