/** Text of a model, as elements: no HTML of its own, no addresses but those of the web and of mail. */

import { memo, type AnchorHTMLAttributes, type ReactNode } from "react";
import ReactMarkdown, { type Components, type ExtraProps, type Options } from "react-markdown";
import { blocksOf, withEndsClosed } from "./blocks";
import { gfm } from "./gfm";

/** A block that is longer than this is shown as it is while it grows: reading it again takes too long. */
const LONGEST_GROWING = 12_000;
const WEB = /^(?:https?:\/\/|mailto:)/i;
const PLUGINS = [gfm] as NonNullable<Options["remarkPlugins"]>;

interface Props {
  text: string;
  growing: boolean;
}

export const Markdown = memo(function Markdown({ text, growing }: Props) {
  const blocks = blocksOf(text);
  return blocks.map((block, index) => {
    const last = growing && index === blocks.length - 1;
    // A block keeps its place: the blocks before it do not change any more.
    return <Block key={index} text={last ? withEndsClosed(block) : block} growing={last} />;
  });
});

const Block = memo(function Block({ text, growing }: Props) {
  if (growing && text.length > LONGEST_GROWING) return <p className="plain">{text}</p>;
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS} urlTransform={safeAddress}>
      {text}
    </ReactMarkdown>
  );
});

function safeAddress(address: string): string {
  return WEB.test(address) ? address : "";
}

type AnchorProps = AnchorHTMLAttributes<HTMLAnchorElement> & ExtraProps;

function Anchor({ href, children }: AnchorProps): ReactNode {
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Nothing is fetched because a model wrote an address: a picture is a link to it. */
const COMPONENTS: Components = {
  a: Anchor,
  img: ({ src, alt }) => <Anchor href={typeof src === "string" ? src : ""}>{alt || "Picture"}</Anchor>,
  // An answer stands under a heading of its own: its headings come below that, without a step left out.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h4: ({ children }) => <h3 className="minor">{children}</h3>,
  h5: ({ children }) => <h3 className="minor">{children}</h3>,
  h6: ({ children }) => <h3 className="minor">{children}</h3>,
  table: ({ children }) => (
    <div className="table" role="region" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  pre: ({ children }) => (
    <pre tabIndex={0} role="region" aria-label="Code">
      {children}
    </pre>
  ),
};
