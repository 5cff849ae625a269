/**
 * What an inert resource looks like from outside: its id, and what `Ref` and `Fn::GetAtt` answer. Types of the table
 * look as their pages say; others are made up from AWS's registry. Nothing is drawn: the same resource always looks the
 * same, its replacement differs.
 */
import { createHash } from 'node:crypto';
import { urlSuffixOf } from '../../../base/arn';
import { isObject } from '../../../engine/template/parse';
import type { Properties, ResourceContext, ResourceResult } from '../../../kernel/service';
import { type AttributeKind, type RegisteredType, registeredType } from '../registry';
import { type Look, looks } from './looks';

export function appearanceOf(context: ResourceContext, type: string, properties: Properties): ResourceResult {
  const registered = registeredType(type);
  const look = looks[type];
  const values = new Values(context, type, properties, registered);
  const physicalId = look ? values.render(look.id) : values.identifier();
  values.ref = physicalId;
  const attributes: Record<string, unknown> = {};
  for (const [name, kind] of registered?.attributes ?? []) attributes[name] = values.attribute(name, kind);
  for (const [name, form] of Object.entries(look?.attributes ?? {})) attributes[name] = values.fill(form);
  return { physicalId, attributes };
}

const ALPHABETS: Readonly<Record<string, string>> = {
  hex: '0123456789abcdef',
  digits: '0123456789',
  lower: 'abcdefghijklmnopqrstuvwxyz0123456789',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
};

class Values {
  ref = '';
  private readonly service: string;
  private readonly kind: string;
  private readonly seed: string;

  constructor(
    private readonly context: ResourceContext,
    type: string,
    private readonly properties: Properties,
    private readonly registered: RegisteredType | undefined,
  ) {
    [, this.service, this.kind] = type.split('::');
    this.seed = `${context.stackId}/${context.generatedName()}`;
  }

  /** Letters and digits that hang on the resource and on what they are for. */
  private letters(alphabet: string, length: number, purpose: string): string {
    const signs = ALPHABETS[alphabet];
    const bytes = createHash('sha512').update(`${this.seed}/${purpose}`).digest();
    return Array.from({ length }, (_, i) => signs[bytes[i % bytes.length] % signs.length]).join('');
  }

  private property(path: string): unknown {
    return path
      .split(/[./]/)
      .reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), this.properties);
  }

  /** See `looks.ts` for what stands in braces. */
  render(pattern: string): string {
    return pattern.replace(/\{([^{}]+)\}/g, (_, words: string) => {
      for (const word of words.split('|')) {
        const value = this.word(word);
        if (value !== undefined) return value;
      }
      return '';
    });
  }

  private word(word: string): string | undefined {
    const { context } = this;
    switch (word) {
      case 'ref':
        return this.ref;
      case 'account':
        return context.account;
      case 'region':
        return context.region;
      case 'partition':
        return context.partition;
      case 'suffix':
        return urlSuffixOf(context.partition);
      case 'generated':
        return context.generatedName({ maxLength: 128 });
      case 'generatedlower':
        return context.generatedName({ maxLength: 128, lowerCase: true });
      case 'scope':
        return this.property('Scope') === 'CLOUDFRONT' ? 'global' : 'regional';
      case 'uuid':
        return [8, 4, 4, 4, 12].map((length, i) => this.letters('hex', length, `uuid${i}`)).join('-');
      case 'now':
        return new Date(context.kernel.clock.now()).toISOString();
    }
    const drawn = /^(hex|digits|lower|upper):(\d+)(?::(\w+))?$/.exec(word);
    if (drawn) return this.letters(drawn[1], Number(drawn[2]), drawn[3] ?? 'id');
    const value = this.property(word);
    return value === undefined || typeof value === 'object' ? undefined : String(value);
  }

  fill(form: Look['attributes'][string]): unknown {
    return typeof form === 'string' ? this.render(form) : form.map((pattern) => this.render(pattern));
  }

  // ---- Types without a look of their own ----

  identifier(): string {
    const parts = (this.registered?.identifier ?? []).map((name) => this.identifierPart(name));
    return parts.length > 0 ? parts.join('|') : this.render('{generated}');
  }

  private identifierPart(name: string): string {
    const given = this.property(name);
    if (typeof given === 'string' || typeof given === 'number') return String(given);
    if (/arn$/i.test(name)) return this.arn();
    return this.render(/id$/i.test(name) ? '{lower:17}' : '{generated}');
  }

  private arn(): string {
    const template = this.registered?.arn;
    const name = () => this.ownName() ?? this.render('{generated}');
    const fixed: Record<string, string> = { Partition: 'partition', Region: 'region', Account: 'account' };
    if (template) {
      return template.replace(/\$\{(\w+)\}/g, (_, word: string) =>
        word in fixed ? this.render(`{${fixed[word]}}`) : String(this.property(word) ?? name()),
      );
    }
    const { service, kind } = this;
    return this.render(`arn:{partition}:${service.toLowerCase()}:{region}:{account}:${kind.toLowerCase()}/${name()}`);
  }

  /** The name that the template gives, or the id unless that is an ARN itself. */
  private ownName(): string | undefined {
    const given = this.property('Name') ?? this.property(`${this.kind}Name`);
    if (typeof given === 'string') return given;
    return this.ref === '' || this.ref.startsWith('arn:') ? undefined : this.ref.split('|')[0];
  }

  attribute(name: string, kind: AttributeKind): unknown {
    const given = this.property(name.replaceAll('.', '/'));
    if (given !== undefined) return given;
    if (kind === 'number') return 0;
    if (kind === 'flag') return false;
    if (kind === 'object') return {};
    return kind === 'list' ? [this.text(name)] : this.text(name);
  }

  private text(name: string): string {
    const { kind, ref } = this;
    const last = name.split('.').pop()!;
    if (this.registered?.identifier.length === 1 && this.registered.identifier[0] === name) return ref;
    if (/^arn$/i.test(last) || last.toLowerCase() === `${kind}arn`.toLowerCase()) return this.arn();
    if (/arn$/i.test(last)) return `${this.arn()}/${last.slice(0, -3).toLowerCase()}`;
    if (last === 'Name' || last === `${kind}Name`) return this.ownName() ?? this.render('{generated}');
    if (last === 'Id' || last === `${kind}Id`) return ref.startsWith('arn:') ? this.render('{lower:17}') : ref;
    if (/Id$/.test(last)) return this.render(`{lower:17:${last}}`);
    if (/^(Status|State)$/.test(last)) return 'ACTIVE';
    if (/(Time|Date|Timestamp|At)$/.test(last)) return this.render('{now}');
    const host = `${this.render('{lower:12}')}.${this.service.toLowerCase()}.${this.render('{region}.{suffix}')}`;
    if (/(Url|URL|Uri|URI)$/.test(last)) return `https://${host}`;
    if (/(Endpoint|Address|DomainName|DnsName)$/.test(last)) return host;
    return `${ref}.${last.toLowerCase()}`;
  }
}
