import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { AppDataStack } from '../../lib/app-data-stack';

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new AppDataStack(app, 'AppData');
const template = Template.fromStack(stack);

test('every role is held to exact actions; only CDK and S3 conventions bring a wildcard', () => {
  expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
});

test('the Lambda has dead letters, logs, memory and timeout of its own, and no managed policy', () => {
  template.hasResourceProperties('AWS::Lambda::Function', {
    MemorySize: 256,
    Timeout: 30,
    DeadLetterConfig: { TargetArn: Match.anyValue() },
    LoggingConfig: { LogGroup: Match.anyValue() },
  });
  template.hasResourceProperties('AWS::IAM::Role', {
    Description: 'Execution role of the describing Lambda',
    ManagedPolicyArns: Match.absent(),
  });
});

test('only uploads/ calls it, so its own results cannot', () => {
  template.hasResourceProperties('Custom::S3BucketNotifications', {
    NotificationConfiguration: {
      LambdaFunctionConfigurations: [
        { Events: ['s3:ObjectCreated:*'], Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'uploads/' }] } } },
      ],
    },
  });
});
