import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

/**
 * A proxy on loopback between agent and control plane that keeps what both say, in the clear: HTTP heads and bodies, and
 * the text of every WebSocket frame (whose bytes on the wire are masked, so that a plain capture would prove nothing).
 */
export class Recorder {
  readonly said: string[] = [];
  private readonly sockets = new Set<WebSocket>();

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Recorder> {
    const server = createServer();
    const recorder = new Recorder(server);
    server.on('request', (incoming, outgoing) => {
      recorder.head(incoming);
      const upstream = request({ host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        recorder.said.push(JSON.stringify(answer.headers));
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on('data', (chunk: Buffer) => recorder.said.push(chunk.toString()));
        answer.pipe(outgoing);
      });
      upstream.on('error', () => outgoing.destroy());
      incoming.on('data', (chunk: Buffer) => recorder.said.push(chunk.toString()));
      incoming.pipe(upstream);
    });
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on('connection', (agent, incoming) => {
      recorder.head(incoming);
      const upstream = new WebSocket(`ws://127.0.0.1:${port}${incoming.url}`, { perMessageDeflate: false });
      recorder.sockets.add(agent).add(upstream);
      const early: RawData[] = [];
      upstream.on('open', () => early.splice(0).forEach((data) => upstream.send(data.toString())));
      agent.on('message', (data) => {
        recorder.said.push(data.toString());
        if (upstream.readyState === WebSocket.OPEN) upstream.send(data.toString());
        else early.push(data);
      });
      upstream.on('message', (data) => {
        recorder.said.push(data.toString());
        agent.send(data.toString());
      });
      for (const [from, to] of [[agent, upstream], [upstream, agent]] as const) {
        from.on('close', () => to.close());
        from.on('error', () => to.terminate());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  private head(message: IncomingMessage): void {
    this.said.push(`${message.method} ${message.url} ${JSON.stringify(message.headers)}`);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
