/** How shapes are named in XML documents, by reader and writer alike. Source: Smithy specification, "XML bindings". */
import type { Member, Structure } from '../schema';
import type { ModelNotes } from '../wire';

/** The namespace of `xsi:type`, by which S3 tells kinds of grantees apart. */
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** The root element of a document that holds a whole input or output. */
export function rootName(structure: Structure, notes: ModelNotes | undefined): string {
  return notes?.rootNames?.[structure.name] ?? structure.traits.xmlName ?? structure.name;
}

/** The root element of a payload member's document. */
export function payloadName(member: Member, notes: ModelNotes | undefined): string {
  if (member.shape.kind !== 'structure') return member.name;
  return member.traits.xmlName ?? rootName(member.shape, notes);
}
