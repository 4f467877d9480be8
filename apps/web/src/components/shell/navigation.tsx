'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useLive } from '../../data/live';
import { useOverview } from '../../data/queries';
import { useNow } from '../../data/clock';
import { useSession } from '../../data/session';
import { formatCount, formatMoment, plural } from '../../lib/format';
import { verdictOf } from '../../lib/states';
import type { IconName } from '../../lib/icon-shapes';
import { Icon, Mark } from '../ui/icon';

interface Entry {
  readonly href: string;
  readonly text: string;
  /** On the phone's tab bar. */
  readonly short: string;
  readonly icon: IconName;
}

const ENTRIES: readonly Entry[] = [
  { href: '/', text: 'Overview', short: 'Overview', icon: 'overview' },
  { href: '/machines', text: 'Machines', short: 'Machines', icon: 'machines' },
  { href: '/events', text: 'Events', short: 'Events', icon: 'events' },
  { href: '/join', text: 'Join a machine', short: 'Join', icon: 'plus' },
];
const SETTINGS: Entry = { href: '/settings', text: 'Settings', short: 'Settings', icon: 'gear' };

const useCurrent = () => {
  const path = usePathname();
  return (href: string) => (href === '/' ? path === '/' : path.startsWith(href)) ? ('page' as const) : undefined;
};

export function SideBar() {
  const current = useCurrent();
  const session = useSession();
  const { data: overview } = useOverview('1h');
  const verdict = overview && verdictOf(overview);
  return (
    <nav className="side" aria-label="Main">
      <Link className="brand" href="/"><Mark />Provefleet</Link>
      {ENTRIES.map(({ href, text, icon }) => (
        <Link key={href} className="nav" href={href} aria-current={current(href)}>
          <Icon name={icon} />
          {text}
          {href === '/' && verdict && verdict.problems > 0 && (
            <span className="n alert">
              <Icon name="s-failing" small />
              {verdict.problems}
              <span className="sr"> {verdict.problems === 1 ? 'problem' : 'problems'}</span>
            </span>
          )}
          {href === '/machines' && verdict && <span className="n">{formatCount(verdict.machines)}</span>}
        </Link>
      ))}
      <div className="side-foot">
        <Link className="nav" href={SETTINGS.href} aria-current={current(SETTINGS.href)}><Icon name={SETTINGS.icon} />{SETTINGS.text}</Link>
        {session && (
          <Link className="nav" href={`${SETTINGS.href}#account`}><Icon name="user" /><span className="ell">Signed in as {session.user}</span></Link>
        )}
        <LinkState />
      </div>
    </nav>
  );
}

function LinkState() {
  const { status, since } = useLive();
  const now = useNow();
  if (status === 'offline') {
    return <div className="link-state lost"><Icon name="cloudoff" small />Unreachable{now > 0 && since > 0 && ` since ${formatMoment(since, now)}`}</div>;
  }
  return (
    <div className="link-state">
      <span className={status === 'live' ? 'live' : 'live pending'}><i /></span>
      {status === 'live' ? 'Control plane connected' : status === 'polling' ? 'Read every 5 s' : 'Connecting'}
    </div>
  );
}

export function TabBar() {
  const current = useCurrent();
  const { data: overview } = useOverview('1h');
  const problems = overview ? verdictOf(overview).problems : 0;
  return (
    <nav className="tabbar" aria-label="Main">
      {[...ENTRIES, SETTINGS].map(({ href, short, icon }) => (
        <Link key={href} href={href} aria-current={current(href)}>
          <Icon name={icon} />
          {short}
          {href === '/' && problems > 0 && <span className="dotn" aria-label={plural(problems, 'problem')}>{problems}</span>}
        </Link>
      ))}
    </nav>
  );
}
