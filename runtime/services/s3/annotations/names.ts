/** How annotations may be called. Source: S3 user guide, "Annotating your objects", naming rules. */
import { annotationNameTooLong, invalidAnnotationName, invalidPrefix } from './errors';

const LONGEST_NAME_BYTES = 512;
const CHARACTERS = /^[\p{L}0-9_.-]+$/u;
const RESERVED = /^(aws|s3)/i;

/** @throws AwsError InvalidAnnotationName, AnnotationNameTooLong */
export function checkName(name: string): void {
  const sizeBytes = Buffer.byteLength(name);
  if (sizeBytes > LONGEST_NAME_BYTES) throw annotationNameTooLong(sizeBytes, LONGEST_NAME_BYTES);
  if (!CHARACTERS.test(name) || RESERVED.test(name)) throw invalidAnnotationName(name);
}

/** @throws AwsError InvalidPrefix when no name can begin like this */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  if (Buffer.byteLength(prefix) > LONGEST_NAME_BYTES || !CHARACTERS.test(prefix)) throw invalidPrefix(prefix);
}
