import { describe, expect, test } from '@jest/globals';
import { settingProblems } from '../plan/service-settings.js';
import { service } from './testing/objects.js';
import { weightsOf } from './weights.js';

const weighted = (text: string) => service({}, { annotations: { 'sluice.dev/weights': text } });

function weights(text: string, ...names: readonly (string | undefined)[]): readonly number[] {
  const parsed = weightsOf(weighted(text));
  if (parsed?.ok !== true) throw new Error(parsed?.message ?? 'none');
  return names.map((name) => parsed.weightOf(name));
}

describe('weights', () => {
  test.each([
    ['one by one', 'web-0=3,web-1=1', ['web-0', 'web-1', 'web-2'], [3, 1, 100]],
    ['by the beginning of names', 'web-canary-*=5,*=95', ['web-canary-x1', 'web-x2'], [5, 95]],
    ['of the first pattern that fits', '*=1,web-0=9', ['web-0'], [1]],
    ['not by part of a name', 'web=9', ['web-0', 'web'], [100, 9]],
    ['of endpoints that are no Pods', 'web-*=5', [undefined], [100]],
    ['of them, too, by *', '*=5', [undefined], [5]],
    ['down to none', ' web-0 = 0 , web-1=1000', ['web-0', 'web-1'], [0, 1000]],
  ])('%s', (_, text, names, expected) => {
    expect(weights(text, ...names)).toEqual(expected);
  });

  test.each(['', ' '])('nothing is asked for by "%s"', (text) => {
    expect(weightsOf(weighted(text))).toBeUndefined();
  });

  test.each([
    ['web-0', '"web-0" at character 1'],
    ['web-0=1,web-1=x', '"web-1=x" at character 9'],
    ['web-0=1001', '"web-0=1001" at character 1'],
    ['=5', '"=5" at character 1'],
    ['a*b=5', '"a*b=5" at character 1'],
    ['web-0=1,', '"" at character 9'],
    [Array.from({ length: 65 }, (_, at) => `a${String(at)}=1`).join(), '65 patterns are more than 64'],
  ])('"%s" is refused, and says why', (text, expected) => {
    const [problem] = settingProblems([weighted(text)]);
    expect(problem).toMatchObject({ reason: 'SettingIgnored' });
    expect(problem?.message).toContain(expected);
  });

  test('of a Service that gateways do not serve are not looked at', () => {
    const other = service({ type: 'ClusterIP' }, { annotations: { 'sluice.dev/weights': 'x' } });
    expect(settingProblems([other])).toEqual([]);
  });
});
