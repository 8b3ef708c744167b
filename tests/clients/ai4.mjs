// AI SDK 4: the parser of its data stream, fed from the network as it comes, and its own way to call and resume.
import { processDataStream } from 'ai4';
import { callChatApi } from '@ai-sdk/ui-utils';
import { cutting } from './lib/cutter.mjs';
import { Seen } from './lib/seen.mjs';
import { serve } from './lib/serve.mjs';

const headersOf = ({ token }) => ({ authorization: `Bearer ${token}`, 'x-stream-protocol': 'data' });

async function stream(spec) {
  const seen = new Seen();
  const said = spec.messages ?? [['user', spec.text]];
  const response = await fetch(`${spec.url}${spec.path}`, {
    method: 'POST',
    headers: { ...headersOf(spec), 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'chat-1', messages: said.map(([role, content]) => ({ role, content, parts: [] })) }),
  });
  if (!response.ok) {
    seen.fails(await response.text());
    return seen.with();
  }
  const codes = [];
  let messageId, finish;
  await processDataStream({
    stream: response.body,
    onTextPart: (text) => seen.adds(text),
    onDataPart: (values) => {
      for (const value of values) {
        if (value.type === 'contextual') seen.asides.push(value.content);
        if (value.type === 'error') codes.push(value.code);
      }
    },
    onErrorPart: (text) => seen.fails(text),
    onStartStepPart: (value) => (messageId = value.messageId),
    onFinishMessagePart: (value) => (finish = value),
  });
  return seen.with({ messageId, finish, codes, version: response.headers.get('x-vercel-ai-data-stream') });
}

async function call(spec, url, requestType, seen) {
  let told;
  const nothing = () => {};
  await callChatApi({
    api: `${url}${spec.path}`,
    body: { id: 'chat-1', messages: [{ role: 'user', content: spec.text, parts: [] }] },
    headers: headersOf(spec),
    requestType,
    generateId: () => 'generated',
    lastMessage: { id: 'said', role: 'user', content: spec.text, parts: [] },
    restoreMessagesOnFailure: nothing,
    onResponse: nothing,
    onToolCall: nothing,
    onUpdate: ({ message, data = [] }) => {
      seen.shows(message.content);
      seen.asides = data.filter(({ type }) => type === 'contextual').map(({ content }) => content);
    },
    onFinish: (message) => (told = message),
  });
  return told;
}

async function resume(spec) {
  const path = await cutting(spec.url, { mark: '\n0:', times: spec.cutAfter });
  const cut = new Seen();
  await call(spec, path.url, 'generate', cut).catch((error) => cut.fails(error));
  const seen = new Seen();
  const message = await call(spec, path.url, 'resume', seen);
  const after = new Seen();
  await call(spec, path.url, 'resume', after);
  path.close();
  return seen.with({ cut: cut.with(), messageId: message.id, nothing: after.text || null });
}

await serve({ stream, resume });
