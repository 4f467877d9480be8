import { describe, expect, it } from '@jest/globals';
import { checkedWallet } from './wallet.js';

describe('a wallet address', () => {
  // From EIP-55 itself.
  const known = ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359', '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB', '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb'];

  it.each(known)('%s is taken, and found again from its digits', (address) => {
    expect(checkedWallet(address)).toBe(address);
    expect(checkedWallet(address.toLowerCase())).toBe(address);
    expect(checkedWallet(`0x${address.slice(2).toUpperCase()}`)).toBe(address);
  });

  it('with a mistyped letter is refused', () => {
    expect(() => checkedWallet('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD')).toThrow('checksum');
  });

  it.each(['', '0x12', '5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xZaAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'])('%j is none', (text) => {
    expect(() => checkedWallet(text)).toThrow('--wallet');
  });
});
