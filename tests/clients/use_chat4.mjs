// useChat of AI SDK 4 on a page: append, reload, experimental_resume.
import { cutting } from './lib/cutter.mjs';
import { mount } from './lib/page.mjs';
import { Seen, until } from './lib/seen.mjs';
import { serve } from './lib/serve.mjs';

const { useChat } = await import('@ai-sdk/react1');

function open(spec, base, options = {}) {
  const seen = new Seen();
  let finish;
  const page = mount(
    () =>
      useChat({
        api: `${base}${spec.path}`,
        id: `chat-${base}-${options.resumes ?? ''}`,
        headers: { authorization: `Bearer ${spec.token}`, 'x-stream-protocol': 'data' },
        onError: (error) => seen.fails(error),
        onFinish: (_, details) => (finish = details),
        ...options,
      }),
    ({ messages }) => {
      const last = messages.at(-1);
      if (last?.role === 'assistant') seen.shows(last.content);
    },
  );
  const chat = page.current;
  const outcome = (more = {}) => {
    const answer = chat().messages.filter(({ role }) => role === 'assistant').at(-1);
    const data = chat().data ?? [];
    return {
      ...seen.with(more),
      asides: data.filter(({ type }) => type === 'contextual').map(({ content }) => content),
      codes: data.filter(({ type }) => type === 'error').map(({ code }) => code),
      messageId: answer?.id,
      final: answer?.content ?? '',
      status: chat().status,
      finish,
      roles: chat().messages.map(({ role }) => role),
    };
  };
  return { page, seen, outcome, chat };
}

const settled = (chat) => until(() => ['ready', 'error'].includes(chat().status), 'the chat is settled');

async function stream(spec) {
  const { page, outcome, chat } = open(spec, spec.url);
  await until(chat, 'the page is there');
  await chat().append({ role: 'user', content: spec.text });
  await settled(chat);
  page.unmount();
  return outcome();
}

async function regenerate(spec) {
  const { page, seen, outcome, chat } = open(spec, spec.url);
  await until(chat, 'the page is there');
  await chat().append({ role: 'user', content: spec.text });
  await settled(chat);
  const first = outcome();
  seen.text = '';
  await chat().reload({ body: { trigger: 'regenerate-message' } });
  await settled(chat);
  page.unmount();
  return outcome({ before: [first] });
}

async function resume(spec) {
  const path = await cutting(spec.url, { mark: '\n0:', times: spec.cutAfter });
  const first = open(spec, path.url);
  await until(first.chat, 'the page is there');
  await first.chat().append({ role: 'user', content: spec.text });
  await settled(first.chat);
  const cut = first.outcome();
  first.page.unmount();
  const said = { id: 'said', role: 'user', content: spec.text, parts: [{ type: 'text', text: spec.text }] };
  const second = open(spec, path.url, { initialMessages: [said], resumes: 'again' });
  await until(second.chat, 'the reloaded page is there');
  second.chat().experimental_resume();
  await until(() => second.seen.text, 'the reloaded page streams');
  await settled(second.chat);
  const outcome = second.outcome({ cut });
  second.page.unmount();
  path.close();
  return outcome;
}

await serve({ stream, regenerate, resume });
