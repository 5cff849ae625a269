import {
  isFolder,
  keyOf,
  pathOf,
  type RoutingRule,
  redirectAll,
  redirectByRule,
  websiteEndpoint,
  websiteHost,
} from '../../runtime/engine/website';

test.each([
  ['site.s3-website.localhost', { bucket: 'site' }],
  ['site.s3-website.localhost:4566', { bucket: 'site' }],
  ['www.Example.com.s3-website-eu-west-1.localhost', { bucket: 'www.example.com', region: 'eu-west-1' }],
  ['site.s3-website-us-gov-west-1.amazonaws.com', { bucket: 'site', region: 'us-gov-west-1' }],
  ['site.s3-website.eu-central-1.amazonaws.com:80', { bucket: 'site', region: 'eu-central-1' }],
  ['site.s3-website.cn-north-1.amazonaws.com.cn', { bucket: 'site', region: 'cn-north-1' }],
  ['s3-website.eu-central-1.amazonaws.com', { region: 'eu-central-1' }],
  ['s3-website.localhost', undefined],
  ['site.s3.localhost', undefined],
  ['my-s3-website.localhost', undefined],
  ['site.s3-website.example.com', undefined],
  [undefined, undefined],
])('%s is the website of %j', (host, expected) => {
  expect(websiteHost(host)).toEqual(expected);
});

test.each([
  ['us-east-1', 's3-website-us-east-1'],
  ['eu-central-1', 's3-website.eu-central-1'],
])('the endpoint of %s', (region, expected) => {
  expect(websiteEndpoint(region)).toBe(expected);
});

test.each([
  ['/', '', true],
  ['/a', 'a', false],
  ['/a/', 'a/', true],
  ['/a%20b/%C3%BC%3F+.html', 'a b/ü?+.html', false],
])('the path %s means the key %j', (path, key, folder) => {
  expect(keyOf(path)).toBe(key);
  expect(isFolder(key)).toBe(folder);
  expect(keyOf(pathOf(key))).toBe(key);
});

describe('a rule', () => {
  const host = 'site.s3-website.localhost:4566';
  const ask = (rules: RoutingRule[], target: string, status?: number) => {
    const moved = redirectByRule({ RoutingRules: rules }, { host, target }, keyOf(target.split('?')[0]), status);
    return moved && `${moved.status} ${moved.location.replace(host, 'HOST')}`;
  };
  const docs = { Condition: { KeyPrefixEquals: 'docs/' }, Redirect: { ReplaceKeyPrefixWith: 'documents/' } };
  const missing: RoutingRule = {
    Condition: { HttpErrorCodeReturnedEquals: '404' },
    Redirect: { HostName: 'example.com', ReplaceKeyPrefixWith: 'report-404/' },
  };
  const both: RoutingRule = {
    Condition: { KeyPrefixEquals: 'images/', HttpErrorCodeReturnedEquals: '403' },
    Redirect: { ReplaceKeyWith: 'gone.html', HttpRedirectCode: '302' },
  };
  const resize: RoutingRule = {
    Condition: { KeyPrefixEquals: '', HttpErrorCodeReturnedEquals: '404' },
    Redirect: {
      Protocol: 'https',
      HostName: 'api.test',
      HttpRedirectCode: '307',
      ReplaceKeyPrefixWith: 'resize?key=',
    },
  };

  test.each<[string, RoutingRule[], string, number | undefined, string | undefined]>([
    ['replaces a prefix', [docs], '/docs/a%20b.html', undefined, '301 http://HOST/documents/a%20b.html'],
    ['keeps the query', [docs], '/docs/a?b=c?d', undefined, '301 http://HOST/documents/a?b=c?d'],
    ['leaves other keys alone', [docs], '/docs2/a', undefined, undefined],
    ['does not wait for errors', [docs], '/docs/a', 404, undefined],
    [
      'replaces a prefix by nothing',
      [{ ...docs, Redirect: { ReplaceKeyPrefixWith: '' } }],
      '/docs/a',
      undefined,
      '301 http://HOST/a',
    ],
    ['waits for its error', [missing], '/page.html', undefined, undefined],
    ['about an error', [missing], '/page.html', 404, '301 http://example.com/report-404/page.html'],
    ['about another error', [missing], '/page.html', 403, undefined],
    ['about an error and a prefix', [both], '/images/a', 403, '302 http://HOST/gone.html'],
    ['needs both', [both], '/other/a', 403, undefined],
    ['may make a query', [resize], '/30x30/a%26b.jpg?x', 404, '307 https://api.test/resize?key=30x30/a%26b.jpg&x'],
    ['without condition is for all', [{ Redirect: { Protocol: 'https' } }], '/', undefined, '301 https://HOST/'],
    ['may say only a code', [{ Redirect: { HttpRedirectCode: '307' } }], '/a', undefined, '307 http://HOST/a'],
    [
      'writes its key in ASCII',
      [{ Redirect: { ReplaceKeyWith: 'ü b%20' } }],
      '/a',
      undefined,
      '301 http://HOST/%C3%BC%20b%20',
    ],
    [
      'comes before the next',
      [docs, { Redirect: { HostName: 'b' } }],
      '/docs/a',
      undefined,
      '301 http://HOST/documents/a',
    ],
  ])('%s', (_, rules, target, status, expected) => {
    expect(ask(rules, target, status)).toBe(expected);
  });

  it('for all requests keeps path and query', () => {
    const all = (RedirectAllRequestsTo?: object) =>
      redirectAll({ RedirectAllRequestsTo }, { host, target: '/a%20b?c' });
    expect(all({ HostName: 'example.com' })).toEqual({ status: 301, location: 'http://example.com/a%20b?c' });
    expect(all({ HostName: 'example.com', Protocol: 'https' })?.location).toBe('https://example.com/a%20b?c');
    expect(all(undefined)).toBeUndefined();
  });
});
