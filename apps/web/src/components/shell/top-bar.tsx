'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { useOverview } from '../../data/queries';
import { setTheme, useThemeVersion } from '../../data/theme';
import { formatCount, formatMoment, formatTime, plural } from '../../lib/format';
import { STATE_LOOKS, toneClass, type Verdict, verdictOf } from '../../lib/states';
import { Button } from '../ui/button';
import { Icon, Mark } from '../ui/icon';
import { SearchBox } from './search-box';

/** The fleet's answer in one line, search, and whether the page is live. */
export function TopBar() {
  const overviewPage = usePathname() === '/';
  const { data: overview } = useOverview('1h');
  const verdict = overview && verdictOf(overview);
  return (
    <header className="top">
      <Link className="only-phone pbrand" href="/" aria-label="Overview"><Mark size={26} /></Link>
      {overviewPage ? <span className="only-phone pfleet"><b>Provefleet</b><LiveMark short /></span> : verdict ? <VerdictLine verdict={verdict} /> : <span className="verdict" />}
      <SearchBox left={overviewPage} />
      {overviewPage && <span className="grow" />}
      <span className="only-desk contents"><LiveMark /></span>
      <Clock />
      <ThemeButton />
    </header>
  );
}

function VerdictLine({ verdict }: { verdict: Verdict }) {
  const now = useNow();
  const { status, asOf } = useLive();
  const look = STATE_LOOKS[verdict.worst];
  const since = verdict.since === null || now === 0 ? '' : formatMoment(verdict.since, now);
  return (
    <Link className="verdict" href="/">
      <Icon name={look.icon} className={toneClass(look.tone)} />
      <span>
        <b>{formatCount(verdict.proving)}</b> of {formatCount(verdict.machines)} {status === 'offline' && asOf > 0 ? `proved at ${formatTime(asOf)}` : 'prove'}
      </span>
      {verdict.problems > 0 && (
        <>
          <span className="sep" />
          <span>
            <b>{plural(verdict.problems, 'problem')}</b>
            {verdict.problems > 1 ? <><span className="only-desk"> on {plural(verdict.affected, 'machine')}</span>, oldest</> : verdict.affected > 1 && <span className="only-desk"> on {plural(verdict.affected, 'machine')}</span>} since {since}
          </span>
          <span className="go only-desk">Review</span>
        </>
      )}
    </Link>
  );
}

function LiveMark({ short }: { short?: boolean }) {
  const { status, asOf } = useLive();
  const now = useNow();
  const time = now === 0 ? '' : formatTime(now);
  if (status === 'live') return <span className="live"><i />Live{short && `, ${time} UTC`}</span>;
  if (status === 'offline' && short && asOf > 0) return <span className="asof"><Icon name="clock" small />as of {formatTime(asOf)}</span>;
  return (
    <span className="live">
      <Icon name={status === 'offline' ? 'pause' : 'refresh'} small />
      {status === 'offline' ? 'Not live' : status === 'polling' ? 'Every 5 s' : 'Connecting'}
    </span>
  );
}

function Clock() {
  const now = useNow();
  return <span className="subtle nowrap xs only-desk min-w-20 text-right">{now === 0 ? '' : `${formatTime(now, true)} UTC`}</span>;
}

export function ThemeButton() {
  const version = useThemeVersion();
  const next = version === 'dark' ? 'light' : 'dark';
  return (
    <Button className="only-desk" look="ghost" size="small" icon aria-label={`Switch to the ${next} theme`} onClick={() => setTheme(next)}>
      <Icon name={version === 'dark' ? 'sun' : 'moon'} />
    </Button>
  );
}
