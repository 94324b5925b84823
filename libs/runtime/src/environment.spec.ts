import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readEnvironment } from './environment.js';

const schema = z.object({
  NODE_NAME: z.string(),
  SLUICE_DATAPATH: z.enum(['system', 'netdev']).default('system'),
});

describe('environment', () => {
  it('takes defaults for what is absent or empty', () => {
    expect(readEnvironment(schema, { NODE_NAME: 'worker-1', SLUICE_DATAPATH: '' })).toEqual({
      NODE_NAME: 'worker-1',
      SLUICE_DATAPATH: 'system',
    });
  });

  it('names every mistake at once', () => {
    const read = () => readEnvironment(schema, { SLUICE_DATAPATH: 'dpdk' });
    expect(read).toThrow(/NODE_NAME/);
    expect(read).toThrow(/SLUICE_DATAPATH/);
  });
});
