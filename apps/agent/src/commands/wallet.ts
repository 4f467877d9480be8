import { keccak_256 } from '@noble/hashes/sha3.js';
import { AgentError } from '../errors.js';

/**
 * Checks an Ethereum-style wallet address by EIP-55: mixed case is a checksum and must be right; one case alone carries
 * none. Returns it with its checksum.
 * @throws AgentError `Usage`.
 */
export function checkedWallet(text: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new AgentError('Usage', `--wallet: "${text}" is not 0x and 40 hexadecimal digits`);
  const digits = text.slice(2);
  const checksummed = withChecksum(digits.toLowerCase());
  const hasChecksum = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (hasChecksum && text !== checksummed) throw new AgentError('Usage', `--wallet: ${text} has a wrong checksum; a digit is mistyped (by its digits it would be ${checksummed})`);
  return checksummed;
}

function withChecksum(digits: string): string {
  const hash = keccak_256(new TextEncoder().encode(digits));
  const cased = [...digits].map((digit, index) => {
    const nibble = ((hash[index >> 1] ?? 0) >> (index % 2 === 0 ? 4 : 0)) & 0xf;
    return nibble >= 8 ? digit.toUpperCase() : digit;
  });
  return `0x${cased.join('')}`;
}
