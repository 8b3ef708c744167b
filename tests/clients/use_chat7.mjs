// useChat of AI SDK 7 on a page: send, stop, write anew, resume in place and behind a reload.
import { DefaultChatTransport } from 'ai7';
import { cutting } from './lib/cutter.mjs';
import { mount } from './lib/page.mjs';
import { Seen, until } from './lib/seen.mjs';
import { serve } from './lib/serve.mjs';

const { useChat } = await import('@ai-sdk/react4');

const textOf = (message) => message.parts.filter((part) => part.type === 'text').map((part) => part.text).join('');

function open(spec, base, options = {}) {
  const seen = new Seen();
  const codes = [];
  let version = 0;
  const transport = new DefaultChatTransport({
    api: `${base}${spec.path}`,
    headers: { authorization: `Bearer ${spec.token}` },
    prepareReconnectToStreamRequest: ({ api, headers }) => ({ api: `${api}?protocol=ui`, headers }),
  });
  const page = mount(
    () =>
      useChat({
        id: 'chat-1',
        transport,
        onError: (error) => seen.fails(error),
        onData: ({ type, data }) => type === 'data-error' && codes.push(data.code),
        ...options,
      }),
    ({ messages }) => {
      const last = messages.at(-1);
      if (last?.role !== 'assistant') return;
      if (last.id !== version) [seen.text, version] = ['', last.id];
      seen.shows(textOf(last));
      seen.asides = last.parts.filter((part) => part.type === 'data-contextual').map((part) => part.data.content);
    },
  );
  const answer = () => page.current()?.messages.filter(({ role }) => role === 'assistant').at(-1);
  const outcome = (more = {}) =>
    seen.with({
      codes,
      messageId: answer()?.id,
      metadata: answer()?.metadata,
      status: page.current().status,
      final: answer() ? textOf(answer()) : '',
      roles: page.current().messages.map(({ role }) => role),
      ...more,
    });
  const isShown = () => page.current().status === 'ready' && answer() && seen.text === textOf(answer());
  return { page, seen, outcome, isShown, chat: page.current };
}

const settled = (chat, seen) => until(() => ['ready', 'error'].includes(chat().status) && (seen.text || seen.errors.length), 'the chat is settled');

async function stream(spec) {
  const { page, seen, outcome, chat } = open(spec, spec.url);
  await until(chat, 'the page is there');
  await chat().sendMessage({ text: spec.text });
  await settled(chat, seen);
  page.unmount();
  return outcome();
}

async function regenerate(spec) {
  const { page, seen, outcome, chat } = open(spec, spec.url);
  await until(chat, 'the page is there');
  await chat().sendMessage({ text: spec.text });
  await settled(chat, seen);
  const first = outcome();
  await chat().regenerate();
  await settled(chat, seen);
  const second = outcome();
  await chat().regenerate();
  await settled(chat, seen);
  page.unmount();
  return outcome({ before: [first, second] });
}

async function stop(spec) {
  const { page, seen, outcome, chat } = open(spec, spec.url);
  await until(chat, 'the page is there');
  const sending = chat().sendMessage({ text: spec.text });
  await until(() => seen.text, 'the answer has begun');
  await chat().stop();
  await sending;
  await settled(chat, seen);
  page.unmount();
  return outcome();
}

async function resume(spec) {
  const path = await cutting(spec.url, { mark: '"text-delta"', times: spec.cutAfter });
  const first = open(spec, path.url);
  await until(first.chat, 'the page is there');
  await first.chat().sendMessage({ text: spec.text });
  await until(() => first.seen.errors.length, 'the cut is noticed');
  const cut = first.outcome();
  first.chat().clearError();
  // In place, and at the same time behind a reload: the person's message is there, the answer is not.
  const messages = first.chat().messages.filter(({ role }) => role === 'user');
  const second = open(spec, path.url, { messages, resume: true });
  await Promise.all([first.chat().resumeStream(), until(() => second.seen.text, 'the reloaded page streams')]);
  await settled(second.chat, second.seen);
  await until(() => first.isShown() && second.isShown(), 'both pages show all of it');
  const outcome = first.outcome({ cut, reloaded: second.outcome() });
  first.page.unmount();
  second.page.unmount();
  path.close();
  return outcome;
}

await serve({ stream, regenerate, stop, resume });
