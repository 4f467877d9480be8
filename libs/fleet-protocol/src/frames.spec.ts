import { describe, expect, it } from '@jest/globals';
import { authMessage, MAX_FRAME_BYTES, parseAgentFrame, parseServerFrame } from './index.js';

const machineId = '0b9ff0a3-6ad5-4f0c-9b0a-0f4e62a3c1aa';
const auth = { type: 'auth', protocol: 1, machineId, signature: 'ab'.repeat(64) };

describe('agent frames', () => {
  it('takes a valid frame and drops unknown fields, so that versions can mix', () => {
    const result = parseAgentFrame(JSON.stringify({ ...auth, later: true }));
    expect(result).toEqual({ ok: true, frame: auth });
  });

  it.each([
    ['not JSON', '{"type":', 'not-json'],
    ['no object', '42', 'invalid'],
    ['null', 'null', 'invalid'],
    ['no type', '{}', 'invalid'],
    ['an unknown type', '{"type":"teleport"}', 'unknown-type'],
    ["the other side's type", '{"type":"welcome"}', 'unknown-type'],
    ['another protocol version', JSON.stringify({ ...auth, protocol: 2 }), 'wrong-version'],
    ['too large', JSON.stringify({ type: 'auth', pad: 'x'.repeat(MAX_FRAME_BYTES) }), 'too-large'],
  ])('tells %s apart', (_name, text, problem) => {
    expect(parseAgentFrame(text)).toMatchObject({ ok: false, problem });
  });

  it('names the field at fault', () => {
    const result = parseAgentFrame(JSON.stringify({ ...auth, signature: 'AB' }));
    expect(result).toMatchObject({ ok: false, problem: 'invalid', message: expect.stringContaining('auth.signature') });
  });

  it('refuses control characters, which could forge log lines', () => {
    const frame = { type: 'error', code: 'x', message: 'one\ntwo' };
    expect(parseServerFrame(JSON.stringify(frame))).toMatchObject({ ok: false, message: expect.stringContaining('control characters') });
  });

  it('refuses half a surrogate pair, which no database stores', () => {
    expect(parseServerFrame('{"type":"error","code":"x","message":"\\ud800"}')).toMatchObject({ ok: false, problem: 'invalid' });
  });

  it('binds the signature to the nonce and the machine', () => {
    const text = new TextDecoder().decode(authMessage('aa', machineId));
    expect(text).toBe(`provefleet-auth-v1|aa|${machineId}`);
  });
});
