/**
 * How kinds of media are kept and delivered. Players ask for ranges of large files: CloudFront answers them from what it
 * keeps, as long as it does not compress. Playlists of live streams change every few seconds, segments never.
 * Sources: CloudFront developer guide, "How CloudFront processes partial requests for an object (range GETs)", "Configure
 * video on demand for HLS"; RFC 8216 section 6.2 (playlists).
 */
import { Duration } from 'aws-cdk-lib';

/** How long something is kept, and whether it is compressed. */
export class MediaPreset {
  /** Pictures: a day, or what the object's Cache-Control says, up to a year. */
  public static readonly IMAGES = new MediaPreset('Images', Duration.days(1), false);
  /** Files to download or play in ranges: a day, or what Cache-Control says, up to a year. Never compressed. */
  public static readonly FILES = new MediaPreset('Files', Duration.days(1), false);
  /** Segments of streams, which never change under a name: a year. */
  public static readonly SEGMENTS = new MediaPreset('Segments', Duration.days(365), false);
  /** Playlists and manifests of recordings: a minute. Compressed. */
  public static readonly PLAYLISTS = new MediaPreset('Playlists', Duration.minutes(1), true);
  /** Playlists and manifests of live streams: two seconds. Compressed. */
  public static readonly LIVE_PLAYLISTS = new MediaPreset(
    'LivePlaylists',
    Duration.seconds(2),
    true,
    Duration.seconds(2),
  );
  /** Subtitles and other text: an hour. Compressed. */
  public static readonly TEXT = new MediaPreset('Text', Duration.hours(1), true);

  /** A kind of one's own. @param name of letters @param keptFor where the object says nothing @param compress with gzip and Brotli */
  public static custom(name: string, keptFor: Duration, compress: boolean): MediaPreset {
    return new MediaPreset(name, keptFor, compress);
  }

  private constructor(
    /** Name of the preset. */
    public readonly name: string,
    /** How long an object is kept that says nothing itself. */
    public readonly keptFor: Duration,
    /** Whether it is compressed on the way. */
    public readonly compress: boolean,
    /** The longest that it is kept, whatever it says. */
    public readonly atMost: Duration = Duration.days(365),
  ) {}
}

/** Paths of one kind. */
export interface MediaPath {
  /** Pattern of the path, such as `live/*.m3u8`; `*` is any text, `?` any character. */
  readonly pattern: string;
  /** Kind of the media. */
  readonly preset: MediaPreset;
}

/** What names of files usually mean. */
export const USUAL_PATHS: readonly MediaPath[] = [
  { pattern: '*.m3u8', preset: MediaPreset.PLAYLISTS },
  { pattern: '*.mpd', preset: MediaPreset.PLAYLISTS },
  { pattern: '*.ts', preset: MediaPreset.SEGMENTS },
  { pattern: '*.m4s', preset: MediaPreset.SEGMENTS },
  { pattern: '*.vtt', preset: MediaPreset.TEXT },
];
