/** The validator's rules for templates, ready for CloudFormation's validator in aws-cdk-lib. */
import { CloudFormationValidatePlugin, type ValidationRuleSource } from 'aws-cdk-lib';
import { GUARD, REGO } from './rego';

/**
 * Rules for templates, wherever they come from: apps in any language, CfnInclude, files.
 *
 * @example
 * Validations.of(app).addPlugins(CofferRules.plugin());
 */
export class CofferRules {
  /** What AWS would refuse or silently ignore, in Rego. */
  public static rego(): ValidationRuleSource[] {
    return [{ name: 'coffer-s3.rego', content: REGO }];
  }

  /** What every bucket is to have, in CloudFormation Guard. */
  public static guard(): ValidationRuleSource[] {
    return [{ name: 'coffer-baseline.guard', content: GUARD }];
  }

  /** CloudFormation's validator with the rules in Rego beside its own; it takes the place of the built-in one. */
  public static plugin(): CloudFormationValidatePlugin {
    return new CloudFormationValidatePlugin({ regoRules: CofferRules.rego() });
  }

  private constructor() {}
}
