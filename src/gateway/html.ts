/** A piece of HTML in which every text is escaped: only {@link element} makes tags. */
export interface Html {
  readonly html: string;
}

/** A text, escaped. */
export function text(value: string): Html {
  return { html: value.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`) };
}

/** An element around its content; `meta` has none. Attribute values are escaped. */
export function element(
  name: string,
  content: Html,
  attributes: Readonly<Record<string, string>> = {},
): Html {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(value).html}"`);
  const start = `<${name}${list.join("")}>`;
  return { html: name === "meta" ? start : `${start}${content.html}</${name}>\n` };
}

/** Pieces after each other. */
export function join(...pieces: readonly Html[]): Html {
  return { html: pieces.map((piece) => piece.html).join("") };
}
