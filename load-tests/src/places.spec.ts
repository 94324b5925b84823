import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { findPlaces, type Place, requireAnswers } from './places.js';
import { settingsFrom } from './settings.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function says(text: string): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(text));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const places = (environment: Readonly<Record<string, string>>): Promise<readonly Place[]> =>
  findPlaces(settingsFrom(environment));

describe('places', () => {
  it('have an address and the sources of its family', async () => {
    const [place] = await places({ LOAD_TCP: '127.0.0.1:80', LOAD_SOURCES: '127.0.0.7,127.0.0.8' });
    expect(place).toMatchObject({ address: '127.0.0.1', sources: ['127.0.0.7', '127.0.0.8'] });
    const [other] = await places({ LOAD_TCP: '[::1]:80', LOAD_SOURCES: '127.0.0.7' });
    expect(other).toMatchObject({ address: '::1', sources: [] });
  });

  it('are not there when a name is unknown', async () => {
    await expect(places({ LOAD_HTTP: 'nowhere.invalid:80' })).rejects.toThrow(
      /^http nowhere.invalid:80: the name cannot be looked up/,
    );
  });

  it('are not visited from addresses of others', async () => {
    await expect(places({ LOAD_HTTP: '127.0.0.1:80', LOAD_SOURCES: '192.0.2.7' })).rejects.toThrow(
      'LOAD_SOURCES: 192.0.2.7',
    );
  });
});

describe('before a load', () => {
  it('everybody has to answer', async () => {
    await expect(requireAnswers(await places({ LOAD_TCP: await says('web-1') }))).resolves.toBeUndefined();
  });

  it('each who does not is told, and what to do', async () => {
    const closed = await says('web-1');
    servers.pop()?.close();
    const listed = await places({ LOAD_TCP: `${closed},${await says('')},${await says('web-1')}` });
    const said = requireAnswers(listed, { most: 2, pauseMs: 0 });
    await expect(said).rejects.toThrow(`tcp ${closed}: refused`);
    await expect(said).rejects.toThrow('check the port');
    await expect(said).rejects.toThrow('cut off (closed without a word)');
    await expect(said).rejects.toThrow(/^[^\n]+\n[^\n]+$/);
  });
});
