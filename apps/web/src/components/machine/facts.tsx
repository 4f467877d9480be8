'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import type { ReactNode } from 'react';
import { useNow } from '../../data/clock';
import { fingerprint, formatAgo, formatBytes, formatElapsed, plural, UNKNOWN } from '../../lib/format';

/** What the machine is, in one row. */
export function Facts({ machine }: { machine: MachineDetail }) {
  const now = useNow();
  const { facts } = machine;
  const heard = machine.state !== 'offline' && machine.state !== 'pending';
  return (
    <dl className="meta-row">
      {machine.labels.length > 0 && <Fact name="Labels">{machine.labels.map((label) => <span key={label} className="tag mr-1">{label}</span>)}</Fact>}
      {machine.nodes.length > 0 && <Fact name={machine.nodes.length === 1 ? 'Node' : 'Nodes'}><span className="mono">{machine.nodes.map((node) => node.nodeId).join(', ')}</span></Fact>}
      <Fact name="Agent">{machine.agentVersion || UNKNOWN}</Fact>
      {facts && <Fact name="Prover">{facts.prover.backend} {facts.prover.version}{facts.prover.securityBits !== null && `, ${facts.prover.securityBits} bits`}</Fact>}
      <Fact name="Hardware">{plural(machine.cpuCores, 'core')}, {formatBytes(machine.memoryTotalBytes)}</Fact>
      {heard && machine.startedAt !== null && now > 0 && <Fact name="Up">{formatElapsed(now - machine.startedAt)}</Fact>}
      {machine.state === 'pending' && <Fact name="Key">{fingerprint(machine.publicKey)}</Fact>}
      <Fact name="Last seen">{now > 0 ? formatAgo(machine.lastSeenAt, now) : ''}</Fact>
    </dl>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div><dt>{name}</dt><dd>{children}</dd></div>
);
