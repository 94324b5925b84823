import { describe, expect, it } from '@jest/globals';
import { ConfigError, describeError, RemoteError, TransportError } from './errors.js';

describe('errors', () => {
  it('carry a code and say whether to retry', () => {
    const refused = new RemoteError('SLUICE_KUBE_REFUSED', { message: 'quota', retryable: true });
    expect(refused).toMatchObject({ code: 'SLUICE_KUBE_REFUSED', retryable: true, name: 'RemoteError' });
    expect(new ConfigError('SLUICE_CONFIG_INVALID', { message: 'x' }).retryable).toBe(false);
    expect(new TransportError('SLUICE_KUBE_UNREACHABLE', { message: 'x' }).retryable).toBe(true);
  });

  it('are described with their causes on one line', () => {
    const error = new TransportError('SLUICE_OVS_UNAVAILABLE', {
      message: 'Open vSwitch does not answer',
      cause: new Error('connect ENOENT'),
    });
    expect(describeError(error)).toBe('Open vSwitch does not answer: connect ENOENT');
    expect(describeError('plain')).toBe('plain');
    const said = new TransportError('SLUICE_OVS_UNAVAILABLE', {
      message: 'no answer (connect ENOENT); check it',
      cause: new Error('connect ENOENT'),
    });
    expect(describeError(said)).toBe('no answer (connect ENOENT); check it');
  });
});
