/**
 * How a URL becomes a key: by a CloudFront Function at the viewer's request, before the cache, so that no error has to be
 * mapped to a page. Missing files stay missing: they are answered with 404.
 * Source: CloudFront developer guide, "JavaScript runtime 2.0 features for CloudFront Functions", "CloudFront Functions event
 * structure".
 */

/** How URLs of a site become keys. */
export class Routing {
  /** `/docs/` is `docs/index.html`; `/docs` leads to `/docs/`, so that relative links hold. */
  public static directories(): Routing {
    return new Routing('directories');
  }

  /** Every path without a dot in its last part is the page of the application, which routes itself. */
  public static singlePage(): Routing {
    return new Routing('singlePage');
  }

  /** As they are; only `/` is the index document. */
  public static asIs(): Routing {
    return new Routing('asIs');
  }

  private constructor(
    /** Name of the way. */
    public readonly kind: string,
  ) {}

  /**
   * Source of the function, or undefined where there is nothing to do.
   * @param indexDocument name of the page of a directory
   * @param canonicalHost where requests for other hosts are led
   * @internal
   */
  public _source(indexDocument: string, canonicalHost?: string): string | undefined {
    if (this.kind === 'asIs' && canonicalHost === undefined) return undefined;
    return SOURCE.replace('$KIND', JSON.stringify(this.kind))
      .replace('$INDEX', JSON.stringify(indexDocument))
      .replace('$HOST', JSON.stringify(canonicalHost ?? ''));
  }
}

// A Location that began with two slashes, or a slash and a backslash, would lead to another site.
const SOURCE = `var KIND = $KIND;
var INDEX = $INDEX;
var HOST = $HOST;

function query(parameters) {
  var parts = [];
  Object.keys(parameters).forEach(function (name) {
    var parameter = parameters[name];
    (parameter.multiValue || [parameter]).forEach(function (one) {
      parts.push(one.value === '' ? name : name + '=' + one.value);
    });
  });
  return parts.length === 0 ? '' : '?' + parts.join('&');
}

function redirect(location) {
  return {
    statusCode: 308,
    statusDescription: 'Permanent Redirect',
    headers: { location: { value: location }, 'cache-control': { value: 'max-age=3600' } },
  };
}

function handler(event) {
  var request = event.request;
  var path = request.uri.replace(/^[/\\\\]+/, '/');
  var host = request.headers.host ? request.headers.host.value : '';
  if (HOST !== '' && host !== HOST) return redirect('https://' + HOST + path + query(request.querystring));
  var last = path.substring(path.lastIndexOf('/') + 1);
  if (KIND === 'singlePage' && last.indexOf('.') === -1) request.uri = '/' + INDEX;
  if (KIND === 'directories' && last === '') request.uri = path + INDEX;
  if (KIND === 'directories' && last !== '' && last.indexOf('.') === -1)
    return redirect(path + '/' + query(request.querystring));
  return request;
}
`;
