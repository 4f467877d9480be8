import type { Metadata } from 'next';
import { JoinPage } from '../../../components/join/join-page';
import { joinUrl } from '../../../data/server';

export const metadata: Metadata = { title: 'Join a machine' };

export default async function Page() {
  return <JoinPage joinUrl={await joinUrl()} />;
}
