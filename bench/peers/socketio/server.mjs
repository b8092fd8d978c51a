// Socket.IO with its defaults (engine `ws`), but for the transport: WebSocket at once, no polling
// first. POST /publish broadcasts the event of its body: node server.mjs PORT
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// Installed by bench/setup into a folder of its own, which is the working directory.
const { Server } = createRequire(`${process.cwd()}/`)('socket.io');

const http = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') {
    return; // Socket.IO's own
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part) => (body += part));
  request.on('end', () => {
    io.emit('order', JSON.parse(body));
    response.writeHead(204).end();
  });
});
const io = new Server(http, { transports: ['websocket'], serveClient: false });

http.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
