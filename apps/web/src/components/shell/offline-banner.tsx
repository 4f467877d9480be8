'use client';

import { useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { formatElapsed, formatMoment } from '../../lib/format';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';

/** Says that the page is old, how old, and what still happens without it. */
export function OfflineBanner() {
  const { status, since, asOf, retryAt, tryNow } = useLive();
  const now = useNow();
  if (status !== 'offline') return null;
  const at = now === 0 ? '' : formatMoment(since, now);
  return (
    <div className="banner" role="alert">
      <Icon name="cloudoff" />
      <div>
        <h2>Control plane unreachable {asOf > 0 && <><span className="nowrap">since {at}</span>, <span className="nowrap" aria-hidden="true">{formatElapsed(now - since)}</span></>}</h2>
        <p>
          {asOf > 0 ? `You see data as of ${at}.` : 'Nothing has been read yet.'} Machines keep proving with their last configuration. Changes are off until the connection is back.
        </p>
      </div>
      <div className="acts">
        {retryAt !== null && <span className="muted nowrap xs only-desk" aria-hidden="true">next try in {formatElapsed(retryAt - now)}</span>}
        <Button look="solid" onClick={tryNow}><Icon name="refresh" small />Try now</Button>
      </div>
    </div>
  );
}
