import type { Metadata } from 'next';
import { OverviewPage } from '../../components/overview/overview-page';
import { joinUrl } from '../../data/server';

export const metadata: Metadata = { title: 'Overview' };

export default async function Page() {
  return <OverviewPage joinUrl={await joinUrl()} />;
}
