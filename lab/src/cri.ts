/** Whether containerd serves kubelets (CRI, gRPC over HTTP/2): its socket is there earlier, and a kubelet that asks too soon ends. */
import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';

/** A message of gRPC without a field: not compressed, of 0 bytes. */
const emptyMessage = Buffer.alloc(5);

const isOk = (headers: IncomingHttpHeaders): boolean => headers['grpc-status'] === '0';

/** Asks for its version at a unix socket. */
export async function servesKubelets(socketPath: string): Promise<boolean> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect({ path: socketPath }) });
  try {
    const failed = once(session, 'error').then(([error]) => Promise.reject(error as Error));
    const request = session.request({
      ':method': 'POST',
      ':path': '/runtime.v1.RuntimeService/Version',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let ok = false;
    request.on('response', (headers) => {
      ok ||= isOk(headers);
    });
    request.on('trailers', (headers: IncomingHttpHeaders) => {
      ok ||= isOk(headers);
    });
    request.resume().end(emptyMessage);
    await Promise.race([once(request, 'close'), failed]);
    return ok;
  } catch {
    return false;
  } finally {
    session.destroy();
  }
}
