// EventSource: a GET without headers, so POST …/turns first, and its ticket in the address.
import { EventSource } from 'eventsource';
import { cutting } from './lib/cutter.mjs';
import { Seen, until } from './lib/seen.mjs';
import { serve } from './lib/serve.mjs';

async function begin({ url, path, token, text }) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ userResponse: text }),
  });
  return response.json();
}

async function listen(address, { closes }) {
  const seen = new Seen();
  const ids = [];
  const statuses = [];
  let complete, code;
  const source = new EventSource(address);
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data);
    ids.push(lastEventId);
    if (event.type === 'chunk') seen.adds(event.content);
    if (event.type === 'contextual') seen.asides.push(event.content);
    if (event.type === 'complete') complete = event;
    if (event.type === 'error') (seen.fails(event.message), (code = event.code));
    if (closes && (complete || code)) source.close();
  };
  source.onerror = (event) => event.code && statuses.push(event.code);
  await until(() => source.readyState === EventSource.CLOSED, 'the source is closed');
  return seen.with({ ids, statuses, messageId: complete?.messageId, codes: code ? [code] : [] });
}

async function stream(spec) {
  const links = await begin(spec);
  if (!links.streamUrl) return new Seen().with({ errors: [JSON.stringify(links)] });
  return listen(`${spec.url}${links.streamUrl}`, { closes: true });
}

async function resume(spec) {
  const links = await begin(spec);
  const path = await cutting(spec.url, { mark: '"type":"chunk"', times: spec.cutAfter });
  const outcome = await listen(`${path.url}${links.streamUrl}`, { closes: false });
  path.close();
  return { ...outcome, heads: path.heads() };
}

const refusedTicket = async (spec) => {
  const { streamUrl } = await begin(spec);
  return listen(`${spec.url}${streamUrl}x`, { closes: true });
};

await serve({ stream, resume, refusedTicket });
