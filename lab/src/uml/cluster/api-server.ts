/** An API server beside the kernel, for what runs in it. */
import { request } from 'undici';
import { besideAddress, requestPort } from '../beside.js';

/** Of a server with nothing in it, in place of the one before; resolves to the path of its administrator's kubeconfig. */
export async function startApiServer(): Promise<string> {
  const { statusCode, body } = await request(`http://${besideAddress}:${String(requestPort)}/`, {
    method: 'POST',
  });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`no API server beside the kernel: ${text}`);
  return text;
}
