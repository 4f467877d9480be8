import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { LoginPage } from '../../components/login-page';
import { readSession } from '../../data/server';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Page() {
  if ((await readSession()).kind === 'signed-in') redirect('/');
  return <LoginPage />;
}
