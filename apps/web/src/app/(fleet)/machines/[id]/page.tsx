import type { Metadata } from 'next';
import { MachinePage } from '../../../../components/machine/machine-page';

export const metadata: Metadata = { title: 'Machine' };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <MachinePage id={(await params).id} />;
}
