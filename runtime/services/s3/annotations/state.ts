/** The rows of annotations, and the member of their object that counts them. */
import type { Reader, Writer } from '../../../store/port';
import { dropPiece, keepBody, type Taken } from '../state/bodies';
import { type Annotation, type AnnotationSet, annotations, type StoredObject } from '../state/tables';
import { annotationLimitExceeded } from './errors';

const MOST_ANNOTATIONS = 1000;

export interface Named {
  readonly name: string;
  readonly annotation: Annotation;
}

export function findAnnotation(reader: Reader, { id }: AnnotationSet, name: string): Promise<Annotation | undefined> {
  return reader.get(annotations, [id, name]);
}

/** In the order of their names' UTF-8 bytes. */
export async function annotationsOf(
  reader: Reader,
  { id }: AnnotationSet,
  { prefix, after, limit = MOST_ANNOTATIONS }: { prefix?: string; after?: string; limit?: number } = {},
): Promise<Named[]> {
  const rows = await reader.page(annotations, {
    within: [id],
    ...(prefix ? { prefix } : {}),
    ...(after === undefined ? {} : { after: [id, after] }),
    limit,
  });
  return rows.map(({ key, value }) => ({ name: String(key[1]), annotation: value }));
}

/**
 * Puts an annotation in place of one with the same name. The caller replaces the object's row.
 * @param fresh id of the set when the object has none
 * @throws AwsError AnnotationLimitExceeded
 */
export async function putAnnotation(
  tx: Writer,
  object: StoredObject,
  { name, annotation, taken, fresh }: Named & { readonly taken: Pick<Taken, 'piece' | 'row'>; readonly fresh: string },
): Promise<StoredObject> {
  const set = object.annotations ?? { id: fresh, count: 0, revision: 0 };
  const old = await findAnnotation(tx, set, name);
  if (!old && set.count >= MOST_ANNOTATIONS) throw annotationLimitExceeded();
  if (old) dropPiece(tx, old.piece);
  keepBody(tx, taken);
  tx.put(annotations, [set.id, name], annotation);
  return { ...object, annotations: changed(set, old ? 0 : 1) };
}

/** @returns undefined when there is no annotation of this name */
export async function removeAnnotation(
  tx: Writer,
  object: StoredObject,
  name: string,
): Promise<StoredObject | undefined> {
  const set = object.annotations;
  const old = set && (await findAnnotation(tx, set, name));
  if (!old) return undefined;
  dropPiece(tx, old.piece);
  tx.delete(annotations, [set.id, name]);
  return { ...object, annotations: changed(set, -1) };
}

const changed = ({ id, count, revision }: AnnotationSet, by: number): AnnotationSet => ({
  id,
  count: count + by,
  revision: revision + 1,
});

export const isSameSet = (one: AnnotationSet | undefined, other: AnnotationSet | undefined): boolean =>
  one?.id === other?.id && one?.revision === other?.revision;
