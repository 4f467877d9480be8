import { CountryLookup, type FetchText } from './country.js';

const TRACE = 'https://cloudflare.com/cdn-cgi/trace';
const IPINFO = 'https://ipinfo.io/country';

function lookup(answers: Record<string, string | Error>, timeoutMs?: number): { country: CountryLookup; asked: string[] } {
  const asked: string[] = [];
  const fetchText: FetchText = async (url) => {
    asked.push(url);
    const answer = answers[url] ?? new Error('nothing there');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { country: new CountryLookup({ mode: 'lookup', fetchText, timeoutMs }), asked };
}

test('the first source’s loc line, asked once however often and at once it is wanted', async () => {
  const { country, asked } = lookup({ [TRACE]: 'fl=1\nip=203.0.113.9\nloc=DE\ntls=TLSv1.3\n' });
  expect(await Promise.all([country.get(), country.get()])).toEqual(['DE', 'DE']);
  expect(await country.get()).toBe('DE');
  expect(asked).toEqual([TRACE]);
});

test.each([
  ['fails', new Error('down')],
  ['says nothing of use', 'loc=Germany\n'],
  ['answers with a page', '<html>loc</html>'],
])('the second source when the first %s', async (_name, first) => {
  const { country, asked } = lookup({ [TRACE]: first, [IPINFO]: 'FR\n' });
  expect(await country.get()).toBe('FR');
  expect(asked).toEqual([TRACE, IPINFO]);
});

test('US when nobody can say', async () => {
  expect(await lookup({ [IPINFO]: 'ipinfo is busy' }).country.get()).toBe('US');
});

test('a source that hangs is left after its time', async () => {
  const fetchText: FetchText = (url, signal) =>
    url === TRACE ? new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))) : Promise.resolve('JP');
  expect(await new CountryLookup({ mode: 'lookup', fetchText, timeoutMs: 10 }).get()).toBe('JP');
});

test('switched off or fixed, nobody is asked', async () => {
  const never: FetchText = () => Promise.reject(new Error('asked'));
  expect(await new CountryLookup({ mode: 'off', fetchText: never }).get()).toBeNull();
  expect(await new CountryLookup({ mode: { fixed: 'ch' }, fetchText: never }).get()).toBe('CH');
  expect(() => new CountryLookup({ mode: { fixed: 'Zurich' } })).toThrow('two-letter');
});
