/** What is wrong with annotations. Codes, statuses and words: S3 API reference, "PutObjectAnnotation" and its neighbours. */
import { invalidRequest, s3Error } from '../errors';

export const noSuchAnnotation = (name: string) =>
  s3Error('NoSuchAnnotation', 404, 'The specified annotation does not exist on this object.', { AnnotationName: name });

export const invalidAnnotationName = (name: string) =>
  s3Error('InvalidAnnotationName', 400, 'The annotation name you provided is invalid.', { AnnotationName: name });

export const annotationNameTooLong = (sizeBytes: number, limit: number) =>
  s3Error('AnnotationNameTooLong', 400, `The annotation name exceeds ${limit} bytes.`, {
    Size: sizeBytes,
    MaxSizeAllowed: limit,
  });

export const annotationLimitExceeded = () =>
  s3Error(
    'AnnotationLimitExceeded',
    400,
    'The request would exceed the maximum number of annotations allowed per object.',
  );

export const unsupportedMediaType = () =>
  s3Error('UnsupportedMediaType', 415, 'The annotation payload is not valid UTF-8 encoded text.');

export const invalidPrefix = (prefix: string) =>
  s3Error('InvalidPrefix', 400, 'The annotation prefix you provided is invalid.', { AnnotationPrefix: prefix });

export const noAnnotationsUnderCustomerKeys = () =>
  invalidRequest('Objects encrypted with SSE-C cannot have annotations.');
