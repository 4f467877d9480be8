import { createJoinTokenBodySchema } from '@provefleet/fleet-protocol';

/** The form as it stands on the page: text, as typed. */
export interface JoinForm {
  readonly labels: string;
  readonly uses: string;
  readonly lifetimeMs: number;
  readonly requireApproval: boolean;
}

export const LIFETIMES: readonly (readonly [number, string])[] = [
  [3_600_000, 'In 1 hour'],
  [86_400_000, 'In 24 hours'],
  [604_800_000, 'In 7 days'],
  [2_592_000_000, 'In 30 days'],
  [7_776_000_000, 'In 90 days'],
];

type Body = ReturnType<typeof createJoinTokenBodySchema.parse>;
export type ParsedJoinForm = { readonly body: Body; readonly problem?: undefined } | { readonly body?: undefined; readonly problem: { readonly field: 'labels' | 'uses'; readonly text: string } };

/** What the form asks for, or the first thing wrong with it, by the protocol's own rules. */
export function parseJoinForm(form: JoinForm): ParsedJoinForm {
  const labels = [...new Set(form.labels.split(',').map((label) => label.trim()).filter(Boolean))];
  const uses = /^\d+$/.test(form.uses.trim()) ? Number(form.uses) : Number.NaN;
  const parsed = createJoinTokenBodySchema.safeParse({ labels, uses, lifetimeMs: form.lifetimeMs, requireApproval: form.requireApproval });
  if (parsed.success) return { body: parsed.data };
  const issue = parsed.error.issues[0];
  if (issue?.path[0] === 'labels') {
    const label = typeof issue.path[1] === 'number' ? labels[issue.path[1]] : undefined;
    return { problem: { field: 'labels', text: label === undefined ? 'At most 20 labels' : `“${label}” is not a label: 1 to 40 letters, digits, spaces or . _ : = -, beginning with a letter or digit` } };
  }
  return { problem: { field: 'uses', text: 'A whole number from 1 to 10,000' } };
}
