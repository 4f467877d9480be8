import { describe, expect, it } from '@jest/globals';
import { LiveClient } from './live.client.js';

function slowSocket() {
  const sent: { type: string }[] = [];
  const socket = { readyState: 1, OPEN: 1, bufferedAmount: 0, send: (text: string) => void sent.push(JSON.parse(text) as { type: string }) };
  return { socket, sent, client: new LiveClient(socket as never, { id: 's', user: 'admin', role: 'admin', expiresAt: 0 }) };
}

const frame = { type: 'events' as const, items: [] };

describe('a dashboard that reads too slowly', () => {
  it('misses frames instead of filling the memory, and is told to read again once it has caught up', () => {
    const { socket, sent, client } = slowSocket();
    client.send(frame);
    socket.bufferedAmount = 2_000_000;
    for (let i = 0; i < 100; i++) client.send(frame);
    socket.bufferedAmount = 500_000; // better, not yet well
    client.send(frame);
    expect(sent.map(({ type }) => type)).toEqual(['events']);
    socket.bufferedAmount = 0;
    client.send(frame);
    expect(sent.map(({ type }) => type)).toEqual(['events', 'resync', 'events']);
  });

  it('gets nothing after its end', () => {
    const { socket, sent, client } = slowSocket();
    socket.readyState = 3;
    client.send(frame);
    expect(sent).toEqual([]);
  });
});
