/** The CDK app: makes the stacks, nothing else. Every synth runs cdk-nag over them; an error stops it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { AppDataStack } from '../lib/app-data-stack';

const app = new App();
new AppDataStack(app, 'AppData', { description: 'Application data: uploads, described by a Lambda, read by role' });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
app.synth();
