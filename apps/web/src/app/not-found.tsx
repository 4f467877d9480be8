import Link from 'next/link';

export default function NotFound() {
  return (
    <main className="content">
      <div className="empty">
        <h1>There is no such page</h1>
        <p className="lead">The address may be old or mistyped. <Link href="/">Open the overview</Link></p>
      </div>
    </main>
  );
}
