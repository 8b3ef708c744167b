// @microsoft/fetch-event-source: POST with a bearer token; it sends the same again with Last-Event-ID.
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { cutting } from './lib/cutter.mjs';
import { Seen } from './lib/seen.mjs';
import { serve } from './lib/serve.mjs';

globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };

class Refused extends Error {}

async function listen(spec, url) {
  const seen = new Seen();
  const ids = [];
  let complete, code;
  try {
    await fetchEventSource(`${url}${spec.path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${spec.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ userResponse: spec.text, clientMessageId: 'message-1' }),
      openWhenHidden: true,
      async onopen(response) {
        if (response.status < 400) return;
        // It asks for an event stream, so that a refusal is one event with the refusal's status.
        const event = JSON.parse((await response.text()).replace(/^data: /, ''));
        throw new Refused(JSON.stringify({ status: response.status, ...event }));
      },
      onmessage({ id, data }) {
        if (!data) return; // comments and `retry:` reach this client as empty messages
        const event = JSON.parse(data);
        ids.push(id);
        if (event.type === 'chunk') seen.adds(event.content);
        if (event.type === 'contextual') seen.asides.push(event.content);
        if (event.type === 'complete') complete = event;
        if (event.type === 'error') (seen.fails(event.message), (code = event.code));
      },
      onerror(error) {
        if (error instanceof Refused) throw error;
        return 20;
      },
    });
  } catch (error) {
    seen.fails(error);
  }
  return seen.with({ ids, messageId: complete?.messageId, codes: code ? [code] : [] });
}

async function resume(spec) {
  const path = await cutting(spec.url, { mark: '"type":"chunk"', times: spec.cutAfter });
  const outcome = await listen(spec, path.url);
  path.close();
  return { ...outcome, heads: path.heads() };
}

await serve({ stream: (spec) => listen(spec, spec.url), resume });
