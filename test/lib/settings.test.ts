import { App } from 'aws-cdk-lib';
import { Settings } from '../../lib/settings';

const scope = (context: Record<string, unknown>) => new App({ context });

test('settings come from the context; the environment wins', () => {
  const context = { lake: { name: 'a', keepDays: 30, on: true, sources: ['x', 'y'], removal: 'destroy', sizeGib: 5 } };
  const settings = new Settings(scope(context), 'lake', {
    COFFER_LAKE_NAME: 'b',
    COFFER_LAKE_SOURCES: 'p, q',
    COFFER_LAKE_ON: '',
  });
  expect(settings.text('name')).toBe('b');
  expect(settings.days('keepDays')?.toDays()).toBe(30);
  expect(settings.list('sources')).toEqual(['p', 'q']);
  expect(settings.flag('on')).toBeUndefined();
  expect(settings.gibibytes('sizeGib')?.toGibibytes()).toBe(5);
  expect(settings.removal()?.name).toBe('DESTROY');
  expect(settings.text('missing')).toBeUndefined();
  expect(() => settings.done()).not.toThrow();
});

test('every setting that is unknown or of the wrong kind is told at once', () => {
  const settings = new Settings(
    scope({ lake: { keepDays: 'soon', sources: [1], removal: 'burn', nmae: 'a', on: 'yes', name: 7 } }),
    'lake',
    {},
  );
  settings.days('keepDays');
  settings.list('sources');
  settings.removal();
  settings.flag('on');
  settings.text('name');
  expect(() => settings.done()).toThrow(
    [
      'invalid settings:',
      'lake.keepDays is "soon"; allowed: a whole number, at least 1; fix: correct it here, or set COFFER_LAKE_KEEP_DAYS',
      'lake.sources is [1]; allowed: a list of texts; fix: correct it here, or set COFFER_LAKE_SOURCES',
      'lake.removal is "burn"; allowed: retain, destroy, destroyWithObjects; fix: correct it here, or set COFFER_LAKE_REMOVAL',
      'lake.on is "yes"; allowed: true or false; fix: correct it here, or set COFFER_LAKE_ON',
      'lake.name is 7; allowed: a text; fix: correct it here, or set COFFER_LAKE_NAME',
      'lake.nmae is "a"; allowed: keepDays, sources, removal, on, name; fix: correct the name or take it out',
    ].join('\n  '),
  );
});

test('an object given on the command line arrives as text', () => {
  const settings = new Settings(scope({ lake: '{"keepDays":3}' }), 'lake', {});
  expect(settings.days('keepDays')?.toDays()).toBe(3);
});

test('what is no object is refused', () => {
  expect(() => new Settings(scope({ lake: 'yes' }), 'lake', {}).done()).toThrow(
    'lake is "yes"; allowed: an object of settings; fix: write "lake": { … } in cdk.json',
  );
});
