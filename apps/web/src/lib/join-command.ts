const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The line that joins a machine. An agent takes plain http beyond its own machine only when told to: where no TLS stands
 * before the control plane, the line says so.
 */
export function joinCommand(controlPlane: string, token: string): string {
  const { protocol, hostname } = new URL(controlPlane);
  const insecure = protocol === 'http:' && !LOOPBACK.test(hostname);
  return `provefleet-agent join ${controlPlane} --token ${token}${insecure ? ' --allow-insecure' : ''}`;
}
