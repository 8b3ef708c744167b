// AI SDK 5 and later, without a page: their own transport and their own reader of UI messages.
import { cutting } from './cutter.mjs';
import { Seen } from './seen.mjs';

export function transportScenarios({ DefaultChatTransport, readUIMessageStream }) {
  const transport = ({ path, token }, base) =>
    new DefaultChatTransport({
      api: `${base}${path}`,
      headers: { authorization: `Bearer ${token}` },
      prepareReconnectToStreamRequest: ({ api, headers }) => ({ api: `${api}?protocol=ui`, headers }),
    });
  const message = (role, text, n) => ({ id: `message-${n}`, role, parts: [{ type: 'text', text }] });

  async function read(stream, seen) {
    let last;
    for await (last of readUIMessageStream({ stream, onError: (error) => seen.fails(error) })) {
      seen.shows(last.parts.filter((part) => part.type === 'text').map((part) => part.text).join(''));
    }
    seen.asides = (last?.parts ?? []).filter((part) => part.type === 'data-contextual').map((part) => part.data.content);
    return { messageId: last?.id, metadata: last?.metadata };
  }

  async function send(spec, base, seen) {
    const said = spec.messages ?? [['user', spec.text]];
    const messages = said.map(([role, text], n) => message(role, text, n));
    const options = { chatId: 'chat-1', trigger: 'submit-message', messageId: undefined, messages };
    try {
      return seen.with(await read(await transport(spec, base).sendMessages(options), seen));
    } catch (error) {
      seen.fails(error);
      return seen.with();
    }
  }

  return {
    stream: (spec) => send(spec, spec.url, new Seen()),

    async resume(spec) {
      const path = await cutting(spec.url, { mark: '"text-delta"', times: spec.cutAfter });
      const cut = await send(spec, path.url, new Seen());
      const seen = new Seen();
      const stream = await transport(spec, path.url).reconnectToStream({ chatId: 'chat-1' });
      const outcome = await read(stream, seen);
      const nothing = await transport(spec, path.url).reconnectToStream({ chatId: 'chat-1' });
      path.close();
      return seen.with({ cut, ...outcome, nothing });
    },
  };
}
