/**
 * Typed values into XML, as S3 and the Query services write it. A shape is compiled once into functions that append
 * text; characters that XML 1.0 has no place for go out as character references, as S3 does it.
 */
import type { Dictionary, List, Member, Shape, Slot, Structure } from '../schema';
import { type TextOptions, textWriter } from '../text';

type Fields = Readonly<Record<string, unknown>>;
/** What stands between the tags. */
type Content = (value: unknown) => string;

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Writes the given members of a structure as elements, without one around them. */
export function compileXmlWriter(structure: Structure, members: readonly string[], options: TextOptions) {
  const only = new Set(members);
  return new Compiler(options).fields(structure.members.filter(({ name }) => only.has(name)));
}

/** A whole document. */
export function xmlDocument(root: string, namespace: string | undefined, content: string): Uint8Array {
  const attribute = namespace ? ` xmlns="${escapeXml(namespace)}"` : '';
  return Buffer.from(`${DECLARATION}<${root}${attribute}>${content}</${root}>`);
}

class Compiler {
  private readonly structures = new Map<Structure, Content>();

  constructor(private readonly options: TextOptions) {}

  fields(members: readonly Member[]): Content {
    const parts = members
      .filter(({ traits }) => !traits.xmlAttribute)
      .map((member) => ({ name: member.name, write: this.member(member) }));
    return (value) => {
      let text = '';
      for (const { name, write } of parts) {
        const field = (value as Fields)[name];
        if (field !== undefined && field !== null) text += write(field);
      }
      return text;
    };
  }

  /** A member as its element, or as many elements when it is flattened. */
  private member(member: Member): Content {
    const { shape, traits } = member;
    const element = traits.xmlName ?? member.name;
    if (traits.xmlFlattened && shape.kind === 'list') return this.items(shape.item, element);
    if (traits.xmlFlattened && shape.kind === 'map') return this.entries(shape, element);
    return this.element(member, element);
  }

  private element(slot: Slot, name: string): Content {
    const content = this.content(slot.shape);
    const attributes = this.attributes(slot);
    if (typeof attributes === 'function') return (value) => `<${name}${attributes(value)}>${content(value)}</${name}>`;
    const [open, close] = [`<${name}${attributes}>`, `</${name}>`];
    return (value) => open + content(value) + close;
  }

  private attributes({ shape, traits }: Slot): string | Content {
    const [prefix, uri] = traits.xmlNamespace ?? [];
    const namespace = uri ? ` xmlns${prefix ? `:${prefix}` : ''}="${escapeXml(uri)}"` : '';
    const members = shape.kind === 'structure' ? shape.members.filter((member) => member.traits.xmlAttribute) : [];
    if (members.length === 0) return namespace;
    return (value) => {
      let text = namespace;
      for (const { name, traits: named } of members) {
        const field = (value as Fields)[name];
        if (field !== undefined) text += ` ${named.xmlName ?? name}="${escapeXml(String(field))}"`;
      }
      return text;
    };
  }

  private content(shape: Shape): Content {
    switch (shape.kind) {
      case 'structure':
        return this.structure(shape);
      case 'list':
        return this.list(shape);
      case 'map':
        return this.entries(shape, 'entry');
      case 'string':
        return (value) => escapeXml(String(value));
      default:
        return textWriter(shape, this.options);
    }
  }

  /** Structures may contain themselves: the first call compiles. */
  private structure(shape: Structure): Content {
    const known = this.structures.get(shape);
    if (known) return known;
    let compiled: Content | undefined;
    const content: Content = (value) => {
      compiled ??= this.fields(shape.members);
      return compiled(value);
    };
    this.structures.set(shape, content);
    return content;
  }

  private list({ item }: List): Content {
    return this.items(item, item.traits.xmlName ?? 'member');
  }

  private items(item: Slot, name: string): Content {
    const write = this.element(item, name);
    return (value) => {
      let text = '';
      for (const one of value as readonly unknown[]) if (one !== undefined && one !== null) text += write(one);
      return text;
    };
  }

  private entries({ key, value: slot }: Dictionary, name: string): Content {
    const writeKey = this.element(key, key.traits.xmlName ?? 'key');
    const writeValue = this.element(slot, slot.traits.xmlName ?? 'value');
    return (value) => {
      let text = '';
      for (const [k, v] of Object.entries(value as Fields)) {
        if (v !== undefined && v !== null) text += `<${name}>${writeKey(k)}${writeValue(v)}</${name}>`;
      }
      return text;
    };
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is for
const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f\u0085\u2028\ufffe\uffff]/;
const ALL_SPECIAL = new RegExp(SPECIAL.source, 'g');
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For text and for attributes in double quotes. */
export function escapeXml(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(ALL_SPECIAL, (char) => NAMED[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`);
}
