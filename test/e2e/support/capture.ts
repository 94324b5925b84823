/** What a host outside sees on its wire: tcpdump, one line per packet. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startIn } from './lab.js';

export interface Capture {
  /** Ends the capture and gives one line per packet, as `tcpdump -nn` prints it. */
  stop(): Promise<readonly string[]>;
}

/** Starts to capture and resolves when tcpdump listens. `filter` is a pcap expression. */
export async function capture(host: string, filter: string, device = 'any'): Promise<Capture> {
  const child = await startIn(host, 'tcpdump', '-nnl', '--immediate-mode', '-i', device, filter);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('tcpdump was started without pipes');
  const lines: string[] = [];
  createInterface({ input: stdout }).on('line', (line) => {
    if (line !== '') lines.push(line);
  });
  const errors = createInterface({ input: stderr });
  await new Promise<void>((resolve, reject) => {
    errors.on('line', (line) => {
      if (line.includes('listening on')) resolve();
    });
    child.once('close', () => reject(new Error(`tcpdump ended on ${host}`)));
  });
  return {
    stop: async () => {
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
      return lines;
    },
  };
}
