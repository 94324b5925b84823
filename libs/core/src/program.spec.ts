import { describe, expect, it } from '@jest/globals';
import { commandIn, runProgram } from './program.js';

describe('runProgram', () => {
  it('gives status, output and errors, and passes arguments and input as they are', async () => {
    const script = 'cat; echo "$1" >&2; exit 3';
    const input = 'ä'.repeat(100_000);
    const result = await runProgram({ command: ['sh', '-c', script, 'sh', 'a "b" $c'], input });
    expect(result).toEqual({ status: 3, stdout: input, stderr: 'a "b" $c\n' });
  });

  it('does not mind a program that reads nothing', async () => {
    const result = await runProgram({ command: ['true'], input: 'x'.repeat(1_000_000) });
    expect(result.status).toBe(0);
  });

  it.each([[['/nonexistent/x']], [['sh', '-c', '/nonexistent/x']]])(
    'names what is missing: %j',
    async (words) => {
      const [program = '', ...args] = words;
      await expect(runProgram({ command: [program, ...args] })).rejects.toMatchObject({
        code: 'SLUICE_TOOL_MISSING',
        message: expect.stringMatching(/nonexistent\/x.*install/),
      });
    },
  );

  it('ends what takes too long', async () => {
    await expect(runProgram({ command: ['sleep', '1000'], timeoutMs: 20 })).rejects.toMatchObject({
      code: 'SLUICE_TOOL_FAILED',
      retryable: true,
    });
  });
});

describe('commandIn', () => {
  it('enters a namespace by name or by path', () => {
    expect(commandIn(undefined, ['ip', 'link'])).toEqual(['ip', 'link']);
    expect(commandIn('a', ['ip'])).toEqual(['nsenter', '--net=/run/netns/a', 'ip']);
    expect(commandIn('/proc/1/ns/net', ['ip'])).toEqual(['nsenter', '--net=/proc/1/ns/net', 'ip']);
  });
});
