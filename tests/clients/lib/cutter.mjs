// A path that breaks: forwards to the stack, and cuts the first connection on which `mark` came `times` times.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

export async function cutting(base, { mark, times }) {
  const { hostname, port } = new URL(base);
  const requests = [];
  let left = times;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.on('data', (data) => {
      requests.push(data.toString('latin1'));
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      client.write(data);
      if (left > 0 && (left -= data.toString('latin1').split(mark).length - 1) <= 0) client.end(() => end());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const heads = () => requests.filter((head) => /^(GET|POST) /.test(head)).map((head) => head.split('\r\n\r\n')[0]);
  return { url: `http://127.0.0.1:${server.address().port}`, heads, close: () => server.close() };
}
