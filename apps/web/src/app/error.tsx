'use client';

import { Button } from '../components/ui/button';

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main className="content">
      <div className="empty">
        <h1>This page stopped</h1>
        <p className="lead">A fault in the dashboard itself: {error.message}. Machines are not touched by it.</p>
        <Button look="solid" onClick={reset}>Open it again</Button>
      </div>
    </main>
  );
}
