/** The CDK app: makes the stacks, nothing else. Every synth runs cdk-nag over them; an error stops it. */
import { CofferChecks } from '@coffer/constructs';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { AppDataStack } from '../lib/app-data-stack';
import { BackupStack } from '../lib/backup-stack';
import { DataLakeStack } from '../lib/data-lake-stack';
import { LogArchiveStack } from '../lib/log-archive-stack';
import { MediaStack } from '../lib/media-stack';
import { StaticSiteStack } from '../lib/static-site-stack';

export const app = new App();
new AppDataStack(app, 'AppData', {
  ...AppDataStack.settings(app),
  description: 'Application data: uploads, described by a Lambda, read by role',
});
new BackupStack(app, 'Backup', {
  ...BackupStack.settings(app),
  description: 'Backup and disaster recovery: locked backups, replicated to a second Region',
});
new DataLakeStack(app, 'DataLake', {
  ...DataLakeStack.settings(app),
  description: 'Data lake: zones, tables with projected partitions, queries in a workgroup that decides for its users',
});
new LogArchiveStack(app, 'LogArchive', {
  ...LogArchiveStack.settings(app),
  description: 'Log aggregation: logs of services and applications in one place, kept, locked and queryable',
});
new MediaStack(app, 'Media', {
  ...MediaStack.settings(app),
  description: 'Media: uploads through quarantine, a catalogue, delivery to who has a signature',
});
new StaticSiteStack(app, 'StaticSite', {
  ...StaticSiteStack.settings(app),
  description: 'Static website: files of a private bucket, delivered by CloudFront with security headers',
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }), new CofferChecks());
app.synth();
