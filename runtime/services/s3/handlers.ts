/** Every operation that is implemented, by the name AWS gives it. What is missing is refused by that name. */
import type { Handlers } from '../../kernel/service';
import type { S3 } from './model';
import * as annotations from './operations/annotations';
import { GetObjectAttributes } from './operations/attributes';
import * as buckets from './operations/buckets';
import * as cors from './operations/configurations/cors';
import * as delivery from './operations/configurations/delivery';
import * as lifecycle from './operations/configurations/lifecycle';
import * as notification from './operations/configurations/notification';
import * as policy from './operations/configurations/policy';
import * as replication from './operations/configurations/replication';
import * as reports from './operations/configurations/reports';
import * as rows from './operations/configurations/rows';
import { CopyObject } from './operations/copy';
import { DeleteObject, DeleteObjects } from './operations/delete';
import { GetObject, HeadObject } from './operations/get';
import * as holdings from './operations/holdings';
import * as listing from './operations/listing';
import { CompleteMultipartUpload } from './operations/multipart/completion';
import { UploadPart, UploadPartCopy } from './operations/multipart/parts';
import {
  AbortMultipartUpload,
  CreateMultipartUpload,
  ListMultipartUploads,
  ListParts,
} from './operations/multipart/uploads';
import { PutObject } from './operations/put';
import { UpdateObjectEncryption } from './operations/reencryption';
import { RestoreObject } from './operations/restore';
import { SelectObjectContent } from './operations/select';

/** These modules export handlers and nothing else. */
export const handlers: Handlers<S3> = {
  ...buckets,
  ...rows,
  ...policy,
  ...cors,
  ...lifecycle,
  ...notification,
  ...delivery,
  ...replication,
  ...reports,
  ...holdings,
  ...listing,
  ...annotations,

  AbortMultipartUpload,
  CompleteMultipartUpload,
  CopyObject,
  CreateMultipartUpload,
  DeleteObject,
  DeleteObjects,
  GetObject,
  GetObjectAttributes,
  HeadObject,
  ListMultipartUploads,
  ListParts,
  PutObject,
  RestoreObject,
  SelectObjectContent,
  UpdateObjectEncryption,
  UploadPart,
  UploadPartCopy,
};
