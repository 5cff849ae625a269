import { MediaPreset, SigningKeys, Viewers } from '@coffer/constructs';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { media, pem, publicKey, stackOf } from './fronts';

const oldPem = publicKey();

describe('media', () => {
  test('every path asks for a signature', () => {
    const template = Template.fromStack(media().stack);
    const [{ Properties }] = Object.values(template.findResources('AWS::CloudFront::Distribution'));
    const { CacheBehaviors, DefaultCacheBehavior } = Properties.DistributionConfig;
    expect(CacheBehaviors.map((b: { PathPattern: string }) => b.PathPattern)).toEqual([
      '*.m3u8',
      '*.mpd',
      '*.ts',
      '*.m4s',
      '*.vtt',
    ]);
    for (const behaviour of [...CacheBehaviors, DefaultCacheBehavior]) {
      expect(behaviour.TrustedKeyGroups).toHaveLength(1);
      expect(behaviour.ResponseHeadersPolicyId).toBeDefined();
    }
    expect(DefaultCacheBehavior.Compress).toBe(false);
  });

  test('each kind is kept as long as it holds', () => {
    const paths = [{ pattern: 'live/*.m3u8', preset: MediaPreset.LIVE_PLAYLISTS }];
    const template = Template.fromStack(media({ paths, preset: MediaPreset.IMAGES }).stack);
    template.resourceCountIs('AWS::CloudFront::CachePolicy', 2);
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: { DefaultTTL: 2, MaxTTL: 2, MinTTL: 0 },
    });
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', { CachePolicyConfig: { DefaultTTL: 86400 } });
  });

  test('players of named origins may read ranges, with their cookies', () => {
    const template = Template.fromStack(media({ allowedOrigins: ['https://app.example.com'] }).stack);
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        CorsConfig: {
          AccessControlAllowCredentials: true,
          AccessControlAllowOrigins: { Items: ['https://app.example.com'] },
          AccessControlAllowHeaders: { Items: ['Range', 'If-None-Match', 'If-Range'] },
          AccessControlExposeHeaders: { Items: Match.arrayWith(['Content-Range']) },
        },
      },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      CorsConfiguration: { CorsRules: [Match.objectLike({ AllowedOrigins: ['https://app.example.com'] })] },
    });
  });

  test('everyone may see it for a reason', () => {
    const template = Template.fromStack(media({ viewers: Viewers.everyone('podcasts are meant for all') }).stack);
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: { DefaultCacheBehavior: { TrustedKeyGroups: Match.absent() } },
    });
  });

  test('nobody sees anything until there are keys', () => {
    Template.fromStack(media({ viewers: Viewers.nobody() }).stack).hasResourceProperties(
      'AWS::CloudFront::Distribution',
      { DistributionConfig: { Enabled: false } },
    );
  });

  test('a new key comes first and leaves the old one as it was', () => {
    const ids = (...publicKeys: string[]) => {
      const { stack } = stackOf();
      const keys = new SigningKeys(stack, 'Signers', { publicKeys });
      const current = stack.resolve(keys.currentKeyId).Ref;
      return { current, all: Object.keys(Template.fromStack(stack).findResources('AWS::CloudFront::PublicKey')) };
    };
    const before = ids(oldPem);
    const during = ids(pem, oldPem);
    expect(during.all).toContain(before.current);
    expect(during.current).not.toBe(before.current);
    expect(ids(pem).all).toEqual([during.current]);
  });
});
